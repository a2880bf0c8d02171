-- Money of listed accounts without the three letters of its currency.
-- severity: error
-- checks: risk_list
select
    account_id,
    arr_at_risk,
    currency
from risk_list
where
    arr_at_risk <> 0
    and (currency is null or character_length(currency) <> 3)
