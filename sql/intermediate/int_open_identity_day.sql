-- What one identity without an account, or without a person, did on one day: the part of
-- int_identity_day that the contact table may say more about. Kept apart because it is
-- small where events name both.
-- grain: account_id, contact_id, email, day
-- partition: day
-- columns:
--   account_id | text | key | account the events name, '' where none
--   contact_id | text | key | person the events name, '' where none
--   email | text | - | address, '' where none
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
    events,
    duration_seconds,
    errors,
    assisted_events,
    feature_events
from int_identity_day
where account_id = '' or contact_id = ''
