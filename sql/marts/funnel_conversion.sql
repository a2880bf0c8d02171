-- How many units came how far in a funnel, and how fast, per breakdown. Both rates are
-- shares of units, never mixed: of those that entered, and of those that reached the step
-- before; each with its 95 % Wilson interval. Times are Kaplan-Meier quantiles over all
-- that entered, because journeys still under way are censored, not missing; a quantile is
-- null where too few have got there yet. Owner, channel and mode are broken down as they
-- were at the first step; the account's other attributes and the person's role as of
-- today, because extracts hold one state of these. "Before" means the required step
-- before: an optional step counts who passed it and drops nobody. In any order step k is
-- any k of the steps. Every step has a row even when nobody reached it; a funnel of which
-- a step is not measured by any declared source has none.
-- grain: funnel, dimension, dimension_value, step_number
-- columns:
--   funnel | text | key | funnel
--   unit | text | - | account, contact, opportunity or account_product: what is counted
--   dimension | text | - | attribute broken down by, all for the total
--   dimension_value | text | - | value of the attribute, all for the total
--   step_number | integer | - | step, from 1
--   step | text | - | name of the step
--   is_optional | boolean | - | it counts when passed and drops nobody
--   entered | integer | units | units that reached the first step
--   reached | integer | units | units that reached this step
--   rate_from_first | float | 0-1 | reached / entered; null where nobody entered
--   rate_from_first_low | float | 0-1 | low end of its interval
--   rate_from_first_high | float | 0-1 | high end of its interval
--   rate_from_previous | float | 0-1 | of those at the step before; null at step 1
--   rate_from_previous_low | float | 0-1 | low end of its interval
--   rate_from_previous_high | float | 0-1 | high end of its interval
--   days_p50 | float | days | from the first step to this one, median
--   days_p75 | float | days | the same, 75 %
--   days_p90 | float | days | the same, 90 %
--   days_n | integer | units | units the times are estimated from
--   days_censored_n | integer | units | of these, not (yet) seen to reach the step
--   still_open | integer | units | at the step before, with time left to reach this one
--   lost | integer | units | at the step before when their attempt was over
--   excluded | integer | units | at the step before when an exclusion ended their attempt
with

group_step as (
    select
        int_funnel_step.funnel,
        int_funnel_dimension.dimension,
        int_funnel_dimension.dimension_value,
        int_funnel_step.step_number,
        count(*) as entered,
        count(*) filter (where is_reached) as reached,
        count(*) filter (where is_open) as still_open,
        count(*) filter (where is_lost) as lost,
        count(*) filter (where is_excluded) as excluded,
        km_quantile(days, is_reached, 0.5) as days_p50,
        km_quantile(days, is_reached, 0.75) as days_p75,
        km_quantile(days, is_reached, 0.9) as days_p90
    from int_funnel_step
    inner join int_funnel_dimension
        on int_funnel_step.funnel = int_funnel_dimension.funnel
        and int_funnel_step.unit_id = int_funnel_dimension.unit_id
    group by
        int_funnel_step.funnel,
        int_funnel_dimension.dimension,
        int_funnel_dimension.dimension_value,
        int_funnel_step.step_number
),

breakdown as (
    select distinct funnel, dimension, dimension_value from group_step
    union
    select funnel, 'all' as dimension, 'all' as dimension_value from int_measured_funnel
),

counted as (
    select
        breakdown.funnel,
        int_measured_funnel.unit,
        breakdown.dimension,
        breakdown.dimension_value,
        cfg_funnel_step.step_number,
        cfg_funnel_step.step,
        cfg_funnel_step.is_optional,
        coalesce(group_step.entered, 0) as entered,
        coalesce(group_step.reached, 0) as reached,
        coalesce(group_step.still_open, 0) as still_open,
        coalesce(group_step.lost, 0) as lost,
        coalesce(group_step.excluded, 0) as excluded,
        group_step.days_p50,
        group_step.days_p75,
        group_step.days_p90,
        step_before.reached as reached_before
    from breakdown
    inner join int_measured_funnel on breakdown.funnel = int_measured_funnel.funnel
    inner join cfg_funnel_step on breakdown.funnel = cfg_funnel_step.funnel
    left join group_step
        on breakdown.funnel = group_step.funnel
        and breakdown.dimension = group_step.dimension
        and breakdown.dimension_value = group_step.dimension_value
        and cfg_funnel_step.step_number = group_step.step_number
    left join group_step as step_before
        on breakdown.funnel = step_before.funnel
        and breakdown.dimension = step_before.dimension
        and breakdown.dimension_value = step_before.dimension_value
        and cfg_funnel_step.required_before = step_before.step_number
)

select
    funnel,
    unit,
    dimension,
    dimension_value,
    step_number,
    step,
    is_optional,
    entered,
    reached,
    cast(reached as double) / nullif(entered, 0) as rate_from_first,
    wilson_low(reached, entered) as rate_from_first_low,
    wilson_high(reached, entered) as rate_from_first_high,
    cast(reached as double) / nullif(reached_before, 0) as rate_from_previous,
    wilson_low(reached, reached_before) as rate_from_previous_low,
    wilson_high(reached, reached_before) as rate_from_previous_high,
    days_p50,
    days_p75,
    days_p90,
    entered as days_n,
    entered - reached as days_censored_n,
    still_open,
    lost,
    excluded
from counted
