-- How far units came that entered a funnel in the same month, for each month since the
-- first entry within the history. Rates have the meaning they have in funnel_conversion.
-- A cohort is open while the month is not over or some unit of it can still go on: its
-- rates can only rise, so a young cohort must not be read as a worse one. An attempt
-- belongs to the month in which it began, in the pipeline's time zone; where a unit comes
-- further with a later attempt, it moves to that month.
-- grain: funnel, month, step_number
-- columns:
--   funnel | text | key | funnel
--   unit | text | - | account, contact, opportunity or account_product: what is counted
--   month | date | day | first day of the month of entry
--   step_number | integer | - | step, from 1
--   step | text | - | name of the step
--   is_optional | boolean | - | it counts when passed and drops nobody
--   entered | integer | units | units that reached the first step
--   reached | integer | units | units that reached this step so far
--   rate_from_first | float | 0-1 | reached / entered; null where nobody entered
--   rate_from_first_low | float | 0-1 | low end of its interval
--   rate_from_first_high | float | 0-1 | high end of its interval
--   rate_from_previous | float | 0-1 | of those at the step before; null at step 1
--   rate_from_previous_low | float | 0-1 | low end of its interval
--   rate_from_previous_high | float | 0-1 | high end of its interval
--   days_p50 | float | days | from the start to this step, median, open ones censored
--   still_open | integer | units | at the step before, with time left to reach this one
--   lost | integer | units | at the step before when their attempt was over
--   excluded | integer | units | at the step before when an exclusion ended their attempt
--   is_open | boolean | - | the cohort can still change: its rates are not final
--   is_too_few | boolean | - | fewer entered than the pipeline's minimum_n
with

cohort_step as (
    select
        funnel,
        cast(date_trunc('month', entered_on) as date) as month,
        step_number,
        count(*) as entered,
        count(*) filter (where is_reached) as reached,
        count(*) filter (where is_open) as still_open,
        count(*) filter (where is_lost) as lost,
        count(*) filter (where is_excluded) as excluded,
        km_quantile(days, is_reached, 0.5) as days_p50
    from int_funnel_step
    group by funnel, cast(date_trunc('month', entered_on) as date), step_number
),

first_month as (
    select
        funnel,
        min(month) as month
    from cohort_step
    group by funnel
),

cohort as (
    select
        first_month.funnel,
        cfg_month.month,
        cfg_month.is_complete
    from first_month
    inner join cfg_month on first_month.month <= cfg_month.month
),

still_open as (
    select
        funnel,
        month,
        sum(still_open) as units
    from cohort_step
    group by funnel, month
),

counted as (
    select
        cohort.funnel,
        int_measured_funnel.unit,
        cohort.month,
        cfg_funnel_step.step_number,
        cfg_funnel_step.step,
        cfg_funnel_step.is_optional,
        coalesce(cohort_step.entered, 0) as entered,
        coalesce(cohort_step.reached, 0) as reached,
        step_before.reached as reached_before,
        cohort_step.days_p50,
        coalesce(cohort_step.still_open, 0) as still_open,
        coalesce(cohort_step.lost, 0) as lost,
        coalesce(cohort_step.excluded, 0) as excluded,
        not cohort.is_complete or coalesce(still_open.units, 0) > 0 as is_open
    from cohort
    inner join int_measured_funnel on cohort.funnel = int_measured_funnel.funnel
    inner join cfg_funnel_step on cohort.funnel = cfg_funnel_step.funnel
    left join cohort_step
        on cohort.funnel = cohort_step.funnel
        and cohort.month = cohort_step.month
        and cfg_funnel_step.step_number = cohort_step.step_number
    left join cohort_step as step_before
        on cohort.funnel = step_before.funnel
        and cohort.month = step_before.month
        and cfg_funnel_step.required_before = step_before.step_number
    left join still_open
        on cohort.funnel = still_open.funnel
        and cohort.month = still_open.month
)

select
    counted.funnel,
    counted.unit,
    counted.month,
    counted.step_number,
    counted.step,
    counted.is_optional,
    counted.entered,
    counted.reached,
    cast(counted.reached as double) / nullif(counted.entered, 0) as rate_from_first,
    wilson_low(counted.reached, counted.entered) as rate_from_first_low,
    wilson_high(counted.reached, counted.entered) as rate_from_first_high,
    cast(counted.reached as double) / nullif(counted.reached_before, 0)
        as rate_from_previous,
    wilson_low(counted.reached, counted.reached_before) as rate_from_previous_low,
    wilson_high(counted.reached, counted.reached_before) as rate_from_previous_high,
    counted.days_p50,
    counted.still_open,
    counted.lost,
    counted.excluded,
    counted.is_open,
    counted.entered < cfg_pipeline.minimum_n as is_too_few
from cfg_pipeline
cross join counted
