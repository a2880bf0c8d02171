-- The same as of each of the last twelve month-ends: what a model is trained on.
-- grain: month_end, account_id
-- columns:
--   month_end | date | day | last day of the month
--   account_id | integer | key | account
--   events_7 | integer | events | events in 7 days
--   events_30 | integer | events | events in 30 days
--   events_90 | integer | events | events in 90 days
--   events_31_60 | integer | events | events in the 30 days before the last 30
--   contacts_7 | integer | people | active in 7 days
--   contacts_30 | integer | people | active in 30 days
--   contacts_90 | integer | people | active in 90 days
--   features_30 | integer | features | features used in 30 days
--   features_90 | integer | features | features used in 90 days
--   logins_30 | integer | events | logins in 30 days
--   seconds_30 | integer | seconds | time spent in 30 days
--   days_30 | integer | days | active days of 30
--   days_since | integer | days | days since the last event, 1 if it was on the month-end
select
    cutoff as month_end,
    account_id,
    events_7,
    events_30,
    events_90,
    events_31_60,
    contacts_7,
    contacts_30,
    contacts_90,
    features_30,
    features_90,
    logins_30,
    seconds_30,
    days_30,
    days_since
from int_feature
where
    date_part('day', cutoff + 1) = 1
    -- a thirteenth is there when the as-of day ends a month itself
    and cutoff >= date_trunc('month', cast($as_of as date) + 1) - interval '12 months'
