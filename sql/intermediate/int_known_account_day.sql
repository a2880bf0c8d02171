-- What an account did on one day, by the events that name it themselves: the part of
-- int_account_day that never changes.
-- grain: account_id, day
-- partition: day
-- columns:
--   account_id | text | key | account
--   day | date | day | day in the pipeline's time zone
--   events | integer | events | events
--   duration_seconds | integer | seconds | time spent, where events carry it
--   errors | integer | errors | errors met
--   assisted_events | integer | events | events with the help of one of our people
--   feature_events | integer | events | events that used a feature
select
    account_id,
    day,
    sum(events) as events,
    sum(duration_seconds) as duration_seconds,
    sum(errors) as errors,
    sum(assisted_events) as assisted_events,
    sum(feature_events) as feature_events
from int_identity_day
where account_id <> ''
group by account_id, day
