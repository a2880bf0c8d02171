-- One event id that occurs more than once. Repeats are few: finding them first lets
-- stg_event pass all other events through without sorting them.
-- grain: event_id
-- columns:
--   event_id | text | key | the repeated id
--   copies | integer | rows | how often it occurs, 2 or more
select
    event_id,
    count(*) as copies
from raw_event
group by event_id
having count(*) > 1
