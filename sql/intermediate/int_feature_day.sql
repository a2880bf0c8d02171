-- How often an account used one feature on one day.
-- grain: account_id, feature, day
-- partition: day
-- columns:
--   account_id | text | key | account
--   feature | text | - | feature used
--   day | date | day | day in the pipeline's time zone
--   events | integer | events | events
select
    account_id,
    feature,
    day,
    count(*) as events
from int_account_event
where feature is not null
group by account_id, feature, day
