-- One account that uses nearly all seats of its largest product, and the price of more.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   product_id | text | key | product with too few seats
--   amount | decimal(38,4) | currency/year | revenue of the seats that are missing
--   users | integer | people | known people active in 28 days
--   seats | integer | seats | seats bought of the product
with

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
)

select
    int_expansion_account.account_id,
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
    int_account_usage.contacts_28d as users,
    largest.seats
from cfg_list_rule
cross join int_expansion_account
inner join largest
    on int_expansion_account.account_id = largest.account_id
    and coalesce(int_expansion_account.currency = largest.currency, false)
inner join int_account_usage
    on int_expansion_account.account_id = int_account_usage.account_id
    and int_account_usage.as_of = $as_of
where cast(int_account_usage.contacts_28d as decimal(20,4))
    >= cast(largest.seats as decimal(20,0)) * cfg_list_rule.seats_from
