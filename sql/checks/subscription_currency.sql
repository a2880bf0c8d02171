-- A contract with an amount but without the three letters of its currency.
-- severity: error
-- checks: stg_subscription
select
    subscription_id,
    account_id,
    mrr,
    currency
from stg_subscription
where
    mrr <> 0
    and (currency is null or character_length(currency) <> 3)
