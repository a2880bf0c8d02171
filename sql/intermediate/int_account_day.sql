-- What an account did on one day: what the events say themselves, and what the contact
-- table adds to it. The first, which is large and has its rows ready, is only passed by
-- the second.
-- grain: account_id, day
-- columns:
--   account_id | text | key | account
--   day | date | day | day in the pipeline's time zone
--   events | integer | events | events
--   duration_seconds | integer | seconds | time spent, where events carry it
--   errors | integer | errors | errors met
--   assisted_events | integer | events | events with the help of one of our people
--   feature_events | integer | events | events that used a feature
with

found as (
    select
        int_found_identity.found_account_id as account_id,
        int_open_identity_day.day,
        sum(int_open_identity_day.events) as events,
        sum(int_open_identity_day.duration_seconds) as duration_seconds,
        sum(int_open_identity_day.errors) as errors,
        sum(int_open_identity_day.assisted_events) as assisted_events,
        sum(int_open_identity_day.feature_events) as feature_events
    from int_open_identity_day
    inner join int_found_identity
        on int_open_identity_day.account_id = int_found_identity.account_id
        and int_open_identity_day.contact_id = int_found_identity.contact_id
        and int_open_identity_day.email = int_found_identity.email
    where int_open_identity_day.account_id = ''
        and int_found_identity.found_account_id is not null
    group by int_found_identity.found_account_id, int_open_identity_day.day
)

select
    coalesce(known.account_id, found.account_id) as account_id,
    coalesce(known.day, found.day) as day,
    coalesce(known.events, 0) + coalesce(found.events, 0) as events,
    coalesce(known.duration_seconds, 0) + coalesce(found.duration_seconds, 0)
        as duration_seconds,
    coalesce(known.errors, 0) + coalesce(found.errors, 0) as errors,
    coalesce(known.assisted_events, 0) + coalesce(found.assisted_events, 0)
        as assisted_events,
    coalesce(known.feature_events, 0) + coalesce(found.feature_events, 0)
        as feature_events
from int_known_account_day as known
full join found
    on known.account_id = found.account_id
    and known.day = found.day
