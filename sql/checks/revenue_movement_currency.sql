-- Money of revenue_movement without the three letters of its currency, or without an
-- account that it belongs to.
-- severity: error
-- checks: revenue_movement
select
    account_id,
    month,
    currency,
    opening,
    closing
from revenue_movement
where
    account_id is null
    or currency is null
    or character_length(currency) <> 3
