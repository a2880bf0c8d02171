-- How many units came how far in a funnel, and how fast, per breakdown. Both rates are
-- shares of units, never mixed: of those that entered, and of those that reached the step
-- before; each with its 95 % Wilson interval. Times are Kaplan-Meier quantiles over all
-- that entered, because journeys still under way are censored, not missing; a quantile is
-- null where too few have got there yet. Attributes are as they were at the first step;
-- undated_n says of how many units nobody knows that, because neither owner_history nor
-- dated extracts reach back so far: they stand under the earliest value known, which is
-- today's where extracts are not kept. At a step that asks for a role it also counts
-- those who took it by somebody whose role is only known from a later day. "Before"
-- means the required step before: an optional step counts who passed it and drops
-- nobody. In any order step k is any k of the steps. Every step has a row even when
-- nobody reached it; a funnel of which a step is not measured by any declared source has
-- none. A dimension that ends in _at_step is the attribute as it was at the row's own
-- step: reached counts who reached the step with that value, of all that entered and of
-- all at the step before, whatever their value there; who did not reach it stands under
-- not_reached. No times are given.
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
--   undated_n | integer | units | of entered, or reached at a step: maybe a later value
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
--   days_n | integer | units | units the times are estimated from; null _at_step
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
        count(*) filter (where is_undated or role_undated.unit_id is not null) as undated,
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
    left join int_funnel_role_undated as role_undated
        on int_funnel_step.funnel = role_undated.funnel
        and int_funnel_step.unit_id = role_undated.unit_id
        and int_funnel_step.step_number = role_undated.step_number
    group by int_funnel_step.funnel, int_funnel_dimension.dimension,
        int_funnel_dimension.dimension_value, int_funnel_step.step_number
),

-- what is at a step is compared with all
breakdown as (
    select distinct funnel, dimension, dimension_value, false as is_at_step,
        dimension as compared, dimension_value as compared_value
    from group_step
    union
    select funnel, 'all' as dimension, 'all' as dimension_value, false as is_at_step,
        'all' as compared, 'all' as compared_value
    from int_measured_funnel
    union
    select funnel, dimension, dimension_value, true as is_at_step,
        'all' as compared, 'all' as compared_value
    from int_funnel_at_step
),

reached_step as (
    select funnel, dimension, dimension_value, step_number, undated,
        reached, still_open, lost, excluded, days_p50, days_p75, days_p90
    from group_step
    union all
    select funnel, dimension, dimension_value, step_number, undated,
        reached, still_open, lost, excluded, null, null, null
    from int_funnel_at_step
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
        breakdown.is_at_step,
        coalesce(entry.entered, 0) as entered,
        coalesce(reached_step.undated, 0) as undated,
        coalesce(reached_step.reached, 0) as reached,
        coalesce(reached_step.still_open, 0) as still_open,
        coalesce(reached_step.lost, 0) as lost,
        coalesce(reached_step.excluded, 0) as excluded,
        reached_step.days_p50,
        reached_step.days_p75,
        reached_step.days_p90,
        step_before.reached as reached_before
    from breakdown
    inner join int_measured_funnel on breakdown.funnel = int_measured_funnel.funnel
    inner join cfg_funnel_step on breakdown.funnel = cfg_funnel_step.funnel
    left join reached_step
        on breakdown.funnel = reached_step.funnel
        and breakdown.dimension = reached_step.dimension
        and breakdown.dimension_value = reached_step.dimension_value
        and cfg_funnel_step.step_number = reached_step.step_number
    left join group_step as entry
        on breakdown.funnel = entry.funnel
        and breakdown.compared = entry.dimension
        and breakdown.compared_value = entry.dimension_value
        and entry.step_number = 1
    left join group_step as step_before
        on breakdown.funnel = step_before.funnel
        and breakdown.compared = step_before.dimension
        and breakdown.compared_value = step_before.dimension_value
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
    undated as undated_n,
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
    case when not is_at_step then entered end as days_n,
    case when not is_at_step then entered - reached end as days_censored_n,
    still_open,
    lost,
    excluded
from counted
