-- What one identity, as the events name it, did on one day. Whose it is, is found out
-- afterwards from these far fewer rows.
-- grain: account_id, contact_id, email, day
-- partition: day
-- columns:
--   account_id | text | key | account the events name, '' where none
--   contact_id | text | key | person the events name, '' where none
--   email | text | - | address; '' where none, or where account and person are named
--   day | date | day | day in the pipeline's time zone
--   events | integer | events | events
--   duration_seconds | integer | seconds | time spent, where events carry it
--   errors | integer | errors | errors met
--   assisted_events | integer | events | events with the help of one of our people
--   feature_events | integer | events | events that used a feature
select
    account_id,
    contact_id,
    email,
    day,
    count(*) as events,
    coalesce(sum(duration_seconds), 0) as duration_seconds,
    coalesce(sum(errors), 0) as errors,
    count(*) filter (where mode = 'assisted') as assisted_events,
    count(feature) as feature_events
from int_identity_event
group by account_id, contact_id, email, day
