-- One of ten million things.
-- grain: event_id
-- materialise: view
select
    event_id,
    account_id,
    note
from raw_event
