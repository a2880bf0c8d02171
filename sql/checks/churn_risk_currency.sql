-- Money of paying accounts without the three letters of its currency.
-- severity: error
-- checks: churn_risk
select
    account_id,
    arr,
    currency
from churn_risk
where
    arr <> 0
    and (currency is null or character_length(currency) <> 3)
