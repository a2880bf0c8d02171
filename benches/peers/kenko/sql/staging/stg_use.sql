-- One event with its day.
-- grain: event_id, day
-- materialise: view
-- partition: day
select
    event_id,
    occurred_at,
    local_day(occurred_at) as day,
    account_id,
    contact_id,
    name,
    channel,
    seconds
from raw_event
