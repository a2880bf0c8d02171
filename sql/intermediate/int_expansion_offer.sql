-- One thing more that an account could use, of either reason, and why in words.
-- grain: account_id, reason, product_id
-- columns:
--   account_id | text | key | account
--   reason | text | - | whitespace or seats
--   product_id | text | key | product to offer, or with too few seats
--   product_name | text | - | its name on the price list
--   amount | decimal(38,4) | currency/year | revenue if it is bought; null where unknown
--   peers | integer | accounts | peers; null for seats
--   peers_with | integer | accounts | of these, with the product; null for seats
--   users | integer | people | known people active in 28 days; null for whitespace
--   seats | integer | seats | seats bought of the product; null for whitespace
--   why | text | - | the reason, in words
--   next_step | text | - | what to do
with

offer as (
    select
        account_id,
        'whitespace' as reason,
        product_id,
        amount,
        peers,
        peers_with,
        cast(null as bigint) as users,
        cast(null as bigint) as seats
    from int_whitespace_offer
    union all
    select
        account_id,
        'seats' as reason,
        product_id,
        amount,
        cast(null as bigint) as peers,
        cast(null as bigint) as peers_with,
        users,
        seats
    from int_seat_offer
),

named as (
    select
        offer.*,
        coalesce(stg_product.product_name, offer.product_id) as product_name,
        cfg_list_reason.why,
        cfg_list_reason.next_step
    from offer
    inner join cfg_list_reason
        on cfg_list_reason.list = 'expansion'
        and offer.reason = cfg_list_reason.reason
    left join stg_product on offer.product_id = stg_product.product_id
)

select
    account_id,
    reason,
    product_id,
    product_name,
    amount,
    peers,
    peers_with,
    users,
    seats,
    replace(
        replace(
            replace(
                replace(
                    replace(why, '{product}', product_name),
                    '{n}', coalesce(cast(peers as text), '')
                ),
                '{percent}', coalesce(cast(cast(round(
                    100 * cast(peers_with as double) / peers
                ) as bigint) as text), '')
            ),
            '{users}', coalesce(cast(users as text), '')
        ),
        '{seats}', coalesce(cast(seats as text), '')
    ) as why,
    next_step
from named
