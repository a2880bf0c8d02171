-- What one person of an account did on one day. Activity of unknown persons is kept
-- under the empty contact, so that the days of an account can be summed from here.
-- grain: account_id, contact_id, day
-- partition: day
-- columns:
--   account_id | text | key | account
--   contact_id | text | key | person, '' when unknown
--   day | date | day | day in the pipeline's time zone
--   events | integer | events | events
--   duration_seconds | integer | seconds | time spent, where events carry it
--   errors | integer | errors | errors met
--   assisted_events | integer | events | events with the help of one of our people
select
    account_id,
    coalesce(contact_id, '') as contact_id,
    day,
    count(*) as events,
    coalesce(sum(duration_seconds), 0) as duration_seconds,
    coalesce(sum(errors), 0) as errors,
    count(*) filter (where mode = 'assisted') as assisted_events
from int_account_event
group by account_id, coalesce(contact_id, ''), day
