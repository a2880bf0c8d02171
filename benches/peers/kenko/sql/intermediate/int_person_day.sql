-- One person who was active on one day.
-- grain: day, account_id, contact_id
-- partition: day
select distinct
    day,
    account_id,
    contact_id
from stg_use
