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
--   why | text | - | the reason, in words of the pipeline's language
--   why_en | text | - | the same in English
--   why_ja | text | - | the same in Japanese
--   next_step | text | - | what to do
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   listed_since | date | day | first as-of day on the list without a break
--   task_key | text | key | account, expansion, reason and product
--   status | text | - | listed, waiting (beyond the owner's capacity) or held_out
--   owner_position | integer | - | place among the owner's, kept out ones not counted
with

ranked as (
    select
        cast(row_number() over (
            order by
                cast(
                    cast(int_expansion_offer.amount as decimal(28,4))
                    * int_expansion_account.rate as decimal(38,4)
                ) desc nulls last,
                int_expansion_offer.account_id,
                int_expansion_offer.reason,
                int_expansion_offer.product_id
        ) as bigint) as rank,
        int_expansion_offer.*,
        int_expansion_account.account_name,
        int_expansion_account.owner_id,
        int_expansion_account.segment,
        int_expansion_account.currency,
        int_expansion_account.renews_on,
        cfg_list_limit.capacity,
        cfg_list_limit.hold_out and int_expansion_account.is_in_holdout as is_held_out
    from int_expansion_offer
    inner join int_expansion_account
        on int_expansion_offer.account_id = int_expansion_account.account_id
    inner join account_health
        on int_expansion_offer.account_id = account_health.account_id
    inner join cfg_list_value
        on cfg_list_value.setting = 'expansion_tier'
        and account_health.tier = cfg_list_value.value
    inner join cfg_list_limit on cfg_list_limit.list = 'expansion'
),

placed as (
    select
        *,
        count(*) filter (where not is_held_out) over (
            partition by owner_id
            order by rank
            rows between unbounded preceding and 1 preceding
        ) + 1 as owner_position
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
    placed.why,
    placed.why_en,
    placed.why_ja,
    placed.next_step,
    placed.next_step_en,
    placed.next_step_ja,
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
