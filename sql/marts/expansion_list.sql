-- One thing more that a healthy customer could use: a product that many of its peers have
-- and it does not (whitespace), or more seats where nearly all are in use. Peers are the
-- other paying accounts of its segment. Eligible is who pays, is in a healthy tier, has
-- no severe ticket open, neither uses nor pays less than before, has not given notice,
-- and to whom nobody is selling more already.
-- grain: account_id, reason, product_id
-- columns:
--   rank | integer | - | 1 = first to act on: by amount, in the pipeline's currency
--   account_id | text | key | the account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   segment | text | - | the segment whose accounts are the peers
--   reason | text | - | whitespace or seats
--   product_id | text | key | product to offer, or with too few seats
--   product_name | text | - | its name on the price list
--   amount | decimal(38,4) | currency/year | revenue if it is bought; null where unknown
--   currency | text | ISO 4217 | currency of amount
--   peers | integer | accounts | n: peers; null for seats
--   peers_with | integer | accounts | of these, with the product; null for seats
--   peer_share | float | 0-1 | peers_with / peers
--   peer_share_low | float | 0-1 | low end of its 95 % interval
--   peer_share_high | float | 0-1 | high end of its 95 % interval
--   users | integer | people | known people active in 28 days; null for whitespace
--   seats | integer | seats | seats bought of the product; null for whitespace
--   renews_on | date | day | next renewal: the latest good occasion
--   why | text | - | the reason, in words
--   next_step | text | - | what to do
--   listed_since | date | day | first as-of day on the list without a break
--   task_key | text | key | account, expansion, reason and product
--   status | text | - | listed, waiting (beyond the owner's capacity) or held_out
--   owner_position | integer | - | place among the owner's, kept out ones not counted
with

open_deal as (
    select distinct account_id
    from stg_opportunity
    where is_won is null and type = 'expansion' and account_id is not null
),

eligible as (
    select
        int_list_account.*,
        int_account_commercial.renews_on
    from int_list_account
    inner join account_health on int_list_account.account_id = account_health.account_id
    inner join cfg_list_value
        on cfg_list_value.setting = 'expansion_tier'
        and account_health.tier = cfg_list_value.value
    inner join int_account_commercial
        on int_list_account.account_id = int_account_commercial.account_id
        and int_account_commercial.as_of = $as_of
    left anti join open_deal on int_list_account.account_id = open_deal.account_id
    where int_list_account.is_paying
        and int_list_account.severe_tickets = 0
        and not int_list_account.is_declining
),

-- the seats of an account are those of its largest product: the same people use several
account_seats as (
    select
        account_id,
        max(seats) as seats
    from int_product_held
    group by account_id
),

segment_size as (
    select
        segment,
        count(*) as accounts
    from int_list_account
    where is_paying
    group by segment
),

held as (
    select
        int_list_account.segment,
        int_product_held.product_id,
        int_product_held.account_id,
        int_product_held.currency,
        int_product_held.seats,
        int_product_held.mrr
    from int_product_held
    inner join int_list_account
        on int_product_held.account_id = int_list_account.account_id
    where int_list_account.is_paying
),

held_in_segment as (
    select
        segment,
        product_id,
        count(distinct account_id) as accounts
    from held
    group by segment, product_id
),

seat_price as (
    select
        segment,
        product_id,
        currency,
        sum(cast(mrr as decimal(38,4))) as mrr,
        sum(seats) as seats
    from held
    where seats > 0
    group by segment, product_id, currency
),

whitespace as (
    select
        eligible.account_id,
        'whitespace' as reason,
        held_in_segment.product_id,
        -- what peers pay for a seat, for as many seats as the account has
        cast(round(
            cast(seat_price.mrr as decimal(26,4))
            * cast(12 * account_seats.seats as decimal(11,0))
            / cast(seat_price.seats as decimal(11,0))
        ) as decimal(38,4)) as amount,
        segment_size.accounts - 1 as peers,
        held_in_segment.accounts as peers_with,
        cast(null as bigint) as users,
        cast(null as bigint) as seats
    from cfg_pipeline
    cross join cfg_list_rule
    cross join eligible
    inner join segment_size on eligible.segment = segment_size.segment
    inner join held_in_segment on eligible.segment = held_in_segment.segment
    left anti join held
        on eligible.account_id = held.account_id
        and held_in_segment.product_id = held.product_id
    left join account_seats on eligible.account_id = account_seats.account_id
    left join seat_price
        on eligible.segment = seat_price.segment
        and held_in_segment.product_id = seat_price.product_id
        and eligible.currency = seat_price.currency
    where segment_size.accounts - 1 >= greatest(cfg_pipeline.minimum_n, 1)
        and cast(held_in_segment.accounts as decimal(20,4))
            >= cast(segment_size.accounts - 1 as decimal(20,0))
                * cfg_list_rule.peer_share_from
),

largest as (
    select
        account_id,
        product_id,
        currency,
        seats,
        mrr
    from int_product_held
    where seats > 0
    qualify row_number() over (
        partition by account_id
        order by seats desc, mrr desc, product_id, currency nulls last
    ) = 1
),

near_limit as (
    select
        eligible.account_id,
        'seats' as reason,
        largest.product_id,
        -- seats until the share is below the limit again, at the account's own price
        cast(round(
            cast(largest.mrr as decimal(26,4))
            * cast(12 * greatest(
                -- users / seats_from, rounded up, in whole numbers
                (10000 * int_account_usage.contacts_28d
                    + cast(10000 * cfg_list_rule.seats_from as bigint) - 1)
                / cast(10000 * cfg_list_rule.seats_from as bigint)
                - largest.seats,
                1
            ) as decimal(11,0))
            / cast(largest.seats as decimal(11,0))
        ) as decimal(38,4)) as amount,
        cast(null as bigint) as peers,
        cast(null as bigint) as peers_with,
        int_account_usage.contacts_28d as users,
        largest.seats
    from cfg_list_rule
    cross join eligible
    inner join largest
        on eligible.account_id = largest.account_id
        and coalesce(eligible.currency = largest.currency, false)
    inner join int_account_usage
        on eligible.account_id = int_account_usage.account_id
        and int_account_usage.as_of = $as_of
    where cast(int_account_usage.contacts_28d as decimal(20,4))
        >= cast(largest.seats as decimal(20,0)) * cfg_list_rule.seats_from
),

offer as (
    select * from whitespace
    union all
    select * from near_limit
),

ranked as (
    select
        cast(row_number() over (
            order by
                cast(cast(offer.amount as decimal(28,4)) * eligible.rate as decimal(38,4))
                    desc nulls last,
                offer.account_id,
                offer.reason,
                offer.product_id
        ) as bigint) as rank,
        offer.*,
        eligible.account_name,
        eligible.owner_id,
        eligible.segment,
        eligible.currency,
        eligible.renews_on,
        coalesce(stg_product.product_name, offer.product_id) as product_name,
        cfg_list_limit.capacity,
        cfg_list_limit.hold_out and eligible.is_in_holdout as is_held_out,
        cfg_list_reason.why,
        cfg_list_reason.next_step
    from offer
    inner join eligible on offer.account_id = eligible.account_id
    inner join cfg_list_limit on cfg_list_limit.list = 'expansion'
    inner join cfg_list_reason
        on cfg_list_reason.list = 'expansion'
        and offer.reason = cfg_list_reason.reason
    left join stg_product on offer.product_id = stg_product.product_id
),

placed as (
    select
        *,
        cast(coalesce(
            sum(case when is_held_out then 0 else 1 end) over (
                partition by owner_id
                order by rank
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as bigint) + 1 as owner_position
    from ranked
)

select
    placed.rank,
    placed.account_id,
    placed.account_name,
    placed.owner_id,
    placed.segment,
    placed.reason,
    placed.product_id,
    placed.product_name,
    placed.amount,
    placed.currency,
    placed.peers,
    placed.peers_with,
    cast(placed.peers_with as double) / placed.peers as peer_share,
    case when placed.peers is not null
        then wilson_low(placed.peers_with, placed.peers) end as peer_share_low,
    case when placed.peers is not null
        then wilson_high(placed.peers_with, placed.peers) end as peer_share_high,
    placed.users,
    placed.seats,
    placed.renews_on,
    replace(
        replace(
            replace(
                replace(
                    replace(placed.why, '{product}', placed.product_name),
                    '{n}', coalesce(cast(placed.peers as text), '')
                ),
                '{percent}', coalesce(cast(cast(round(
                    100 * cast(placed.peers_with as double) / placed.peers
                ) as bigint) as text), '')
            ),
            '{users}', coalesce(cast(placed.users as text), '')
        ),
        '{seats}', coalesce(cast(placed.seats as text), '')
    ) as why,
    placed.next_step,
    coalesce(prior_expansion_list.listed_since, $as_of) as listed_since,
    concat(placed.account_id, ':expansion:', placed.reason, '/', placed.product_id)
        as task_key,
    case
        when placed.owner_position > placed.capacity then 'waiting'
        when placed.is_held_out then 'held_out'
        else 'listed'
    end as status,
    placed.owner_position
from placed
left join prior_expansion_list
    on placed.account_id = prior_expansion_list.account_id
    and placed.reason = prior_expansion_list.reason
    and placed.product_id = prior_expansion_list.product_id
