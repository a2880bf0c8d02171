-- Products whose opening and movements do not give their closing to the last cent, or
-- which do not sum to what revenue_movement has for the account.
-- severity: error
-- checks: revenue_movement_product
with

products as (
    select
        account_id,
        month,
        currency,
        sum(opening) as opening,
        sum(new) as new,
        sum(expansion - contraction) as net_expansion,
        sum(churn) as churn,
        sum(reactivation) as reactivation,
        sum(closing) as closing,
        bool_and(
            opening + new + expansion + reactivation - contraction - churn = closing
            and least(new, expansion, contraction, churn, reactivation) >= 0
        ) as is_closed
    from revenue_movement_product
    group by account_id, month, currency
)

select
    coalesce(products.account_id, revenue_movement.account_id) as account_id,
    coalesce(products.month, revenue_movement.month) as month,
    coalesce(products.currency, revenue_movement.currency) as currency,
    products.opening,
    products.closing
from products
full outer join revenue_movement
    on
        products.account_id = revenue_movement.account_id
        and products.month = revenue_movement.month
        and products.currency = revenue_movement.currency
where not coalesce(products.is_closed, true)
    or coalesce(products.opening, 0) <> coalesce(revenue_movement.opening, 0)
    or coalesce(products.closing, 0) <> coalesce(revenue_movement.closing, 0)
    or coalesce(products.net_expansion + products.new + products.reactivation
        - products.churn, 0)
    <> coalesce(revenue_movement.closing - revenue_movement.opening, 0)
