-- Product use of one account up to a cutoff. An account without events is kept, with
-- zeros: silence is a signal. A zero needs a feed that measures: without declared events,
-- or with a feed that is empty, there is no row; and where the feed names no person, or
-- no feature, for anybody, their counts are null.
-- grain: as_of, account_id
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   last_active_on | date | day | last day with an event within the history
--   days_since_active | integer | days | days since then, null where there is none
--   active_days_28d | integer | days | days with events, of the last 28
--   active_days_28d_before | integer | days | the same, of the 28 days before
--   events_28d | integer | events | events in the last 28 days
--   events_28d_before | integer | events | events in the 28 days before
--   contacts_28d | integer | people | known persons active in the last 28 days, or null
--   features_28d | integer | features | features used in the last 28 days, or null
with

activity as (
    select
        cfg_cutoff_day.as_of,
        int_account_day.account_id,
        max(int_account_day.day) as last_active_on,
        count(*) filter (where age_days < 28) as active_days_28d,
        count(*) filter (where age_days between 28 and 55) as active_days_28d_before,
        sum(events) filter (where age_days < 28) as events_28d,
        sum(events) filter (where age_days between 28 and 55) as events_28d_before
    from int_account_day
    inner join cfg_cutoff_day on int_account_day.day = cfg_cutoff_day.day
    group by cfg_cutoff_day.as_of, int_account_day.account_id
),

people as (
    select
        cfg_cutoff_day.as_of,
        int_contact_day.account_id,
        count(distinct int_contact_day.contact_id) as contacts_28d
    from int_contact_day
    inner join cfg_cutoff_day on int_contact_day.day = cfg_cutoff_day.day
    where cfg_cutoff_day.age_days < 28
    group by cfg_cutoff_day.as_of, int_contact_day.account_id
),

breadth as (
    select
        cfg_cutoff_day.as_of,
        int_feature_day.account_id,
        count(distinct int_feature_day.feature) as features_28d
    from int_feature_day
    inner join cfg_cutoff_day on int_feature_day.day = cfg_cutoff_day.day
    where cfg_cutoff_day.age_days < 28
    group by cfg_cutoff_day.as_of, int_feature_day.account_id
),

feed as (
    select distinct
        activity.as_of,
        people.as_of is not null as names_people,
        breadth.as_of is not null as names_features
    from activity
    left join (select distinct as_of from people) as people
        on activity.as_of = people.as_of
    left join (select distinct as_of from breadth) as breadth
        on activity.as_of = breadth.as_of
),

measured_account as (
    select
        feed.as_of,
        stg_account.account_id,
        feed.names_people,
        feed.names_features
    -- few rows first: a cross join gives one batch for each row of its left side
    from feed
    cross join stg_account
    inner join cfg_source on cfg_source.source_table = 'event' and cfg_source.is_declared
    where stg_account.created_on is null or stg_account.created_on <= feed.as_of
)

select
    measured_account.as_of,
    measured_account.account_id,
    activity.last_active_on,
    measured_account.as_of - activity.last_active_on as days_since_active,
    coalesce(activity.active_days_28d, 0) as active_days_28d,
    coalesce(activity.active_days_28d_before, 0) as active_days_28d_before,
    coalesce(activity.events_28d, 0) as events_28d,
    coalesce(activity.events_28d_before, 0) as events_28d_before,
    case when measured_account.names_people then coalesce(people.contacts_28d, 0) end
        as contacts_28d,
    case when measured_account.names_features then coalesce(breadth.features_28d, 0) end
        as features_28d
from measured_account
left join activity
    on measured_account.as_of = activity.as_of
    and measured_account.account_id = activity.account_id
left join people
    on measured_account.as_of = people.as_of
    and measured_account.account_id = people.account_id
left join breadth
    on measured_account.as_of = breadth.as_of
    and measured_account.account_id = breadth.account_id
