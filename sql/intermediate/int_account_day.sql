-- What an account did on one day. Made from the days of its people and features, so
-- that the events themselves are read once.
-- grain: account_id, day
-- columns:
--   account_id | text | key | account
--   day | date | day | day in the pipeline's time zone
--   events | integer | events | events
--   active_contacts | integer | people | known persons who were active
--   features | integer | features | different features used
--   duration_seconds | integer | seconds | time spent, where events carry it
--   errors | integer | errors | errors met
--   assisted_events | integer | events | events with the help of one of our people
with

contact_total as (
    select
        account_id,
        day,
        sum(events) as events,
        count(*) filter (where contact_id <> '') as active_contacts,
        sum(duration_seconds) as duration_seconds,
        sum(errors) as errors,
        sum(assisted_events) as assisted_events
    from int_contact_day
    group by account_id, day
),

feature_total as (
    select
        account_id,
        day,
        count(*) as features
    from int_feature_day
    group by account_id, day
)

select
    contact_total.account_id,
    contact_total.day,
    contact_total.events,
    contact_total.active_contacts,
    coalesce(feature_total.features, 0) as features,
    contact_total.duration_seconds,
    contact_total.errors,
    contact_total.assisted_events
from contact_total
left join feature_total
    on contact_total.account_id = feature_total.account_id
    and contact_total.day = feature_total.day
