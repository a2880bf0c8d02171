-- One member of one cohort at one age, by one measure: whether it paid, or used the
-- product (a day with an event), on the very day, on any day since the age before, or on
-- that day or any later one. An age that a member has not reached by as_of, or of which
-- the days lie before the first event of the extract, is not observed.
-- grain: cohort_by, account_id, age_days, measure
-- columns:
--   cohort_by | text | key | what begins the membership
--   account_id | text | key | account
--   cohort_month | date | first day | calendar month in which the account began
--   age_days | integer | days | age at which it is looked at
--   age_before | integer | days | the age before
--   measure | text | - | paying or using
--   is_old_enough | boolean | - | the age is reached by as_of
--   is_observed | boolean | - | it is reached, and days of that age are measured
--   on_day | boolean | - | on the day of the age
--   in_bracket | boolean | - | on a day after the age before, through that day
--   on_or_after | boolean | - | on that day or a later one, through as_of
with

aged as (
    select
        int_cohort_member.cohort_by,
        int_cohort_member.account_id,
        int_cohort_member.cohort_month,
        cfg_cohort_age.age_days,
        cfg_cohort_age.age_before,
        int_cohort_member.started_on + cfg_cohort_age.age_before as after_day,
        int_cohort_member.started_on + cfg_cohort_age.age_days as on_day
    from cfg_cohort_age
    cross join int_cohort_member
),

paying as (
    select
        aged.cohort_by,
        aged.account_id,
        aged.age_days,
        bool_or(
            int_paid_run.started_on <= aged.on_day
            and coalesce(int_paid_run.ended_on > aged.on_day, true)
        ) as on_day,
        bool_or(
            int_paid_run.started_on <= aged.on_day
            and coalesce(int_paid_run.ended_on > aged.after_day + 1, true)
        ) as in_bracket,
        bool_or(coalesce(int_paid_run.ended_on > aged.on_day, true)) as on_or_after
    from aged
    inner join int_paid_run on aged.account_id = int_paid_run.account_id
    group by aged.cohort_by, aged.account_id, aged.age_days
),

last_use as (
    select
        account_id,
        max(day) as last_day
    from int_account_day
    group by account_id
),

bracket_use as (
    select
        aged.cohort_by,
        aged.account_id,
        aged.age_days,
        bool_or(int_account_day.day = aged.on_day) as on_day
    from aged
    inner join int_account_day
        on aged.account_id = int_account_day.account_id
        and aged.after_day < int_account_day.day
        and aged.on_day >= int_account_day.day
    group by aged.cohort_by, aged.account_id, aged.age_days
),

-- without events nothing is measured of use
measured as (
    select 'paying' as measure, cast(null as date) as first_day from cfg_pipeline
    union all
    select 'using' as measure, min(day) as first_day
    from int_account_day
    having count(*) > 0
)

select
    aged.cohort_by,
    aged.account_id,
    aged.cohort_month,
    aged.age_days,
    aged.age_before,
    measured.measure,
    aged.on_day <= $as_of as is_old_enough,
    aged.on_day <= $as_of
        and coalesce(aged.after_day + 1 >= measured.first_day, true) as is_observed,
    coalesce(
        case measured.measure
            when 'paying' then paying.on_day
            else bracket_use.on_day
        end,
        false
    ) as on_day,
    case measured.measure
        when 'paying' then coalesce(paying.in_bracket, false)
        else bracket_use.account_id is not null
    end as in_bracket,
    coalesce(
        case measured.measure
            when 'paying' then paying.on_or_after
            else last_use.last_day >= aged.on_day
        end,
        false
    ) as on_or_after
from measured
cross join aged
left join paying
    on aged.cohort_by = paying.cohort_by
    and aged.account_id = paying.account_id
    and aged.age_days = paying.age_days
left join bracket_use
    on aged.cohort_by = bracket_use.cohort_by
    and aged.account_id = bracket_use.account_id
    and aged.age_days = bracket_use.age_days
left join last_use on aged.account_id = last_use.account_id
