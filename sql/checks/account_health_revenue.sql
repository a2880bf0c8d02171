-- Customers whose recurring revenue is not what revenue_movement closes the running month
-- with in the same currency: two ways through the contracts that must meet. Contracts
-- with a negative amount count in revenue_movement only, and so show here.
-- severity: warn
-- checks: account_health
select
    account_health.account_id,
    account_health.currency,
    account_health.mrr,
    revenue_movement.closing
from account_health
left join revenue_movement
    on
        account_health.account_id = revenue_movement.account_id
        and account_health.currency = revenue_movement.currency
        and revenue_movement.ends_on = $as_of
where coalesce(account_health.mrr, 0) <> coalesce(revenue_movement.closing, 0)
