-- One event id that occurs more than once on one day. Repeats are few: finding them first
-- lets stg_event pass all other events through without sorting them. An event delivered
-- twice carries the same instant; an id that comes back on another day is another event.
-- grain: event_id, day
-- partition: day
-- columns:
--   event_id | text | key | the repeated id
--   day | date | day | the day it is repeated on, in the pipeline's time zone
--   copies | integer | rows | how often it occurs on that day, 2 or more
select
    event_id,
    local_day(occurred_at) as day,
    count(*) as copies
from raw_event
group by event_id, local_day(occurred_at)
having count(*) > 1
