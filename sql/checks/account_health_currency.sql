-- Money of customers without the three letters of its currency.
-- severity: error
-- checks: account_health
select
    account_id,
    mrr,
    currency
from account_health
where
    mrr <> 0
    and (currency is null or character_length(currency) <> 3)
