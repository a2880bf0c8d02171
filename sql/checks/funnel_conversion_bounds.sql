-- Figures of a step that contradict each other: a rate outside 0 to 1 or its interval, a
-- rate where nobody could have one, times out of order, units that are neither on, open,
-- lost nor excluded.
-- severity: error
-- checks: funnel_conversion
with

compared as (
    select
        funnel_conversion.*,
        step_before.reached as reached_before
    from funnel_conversion
    inner join cfg_funnel_step
        on funnel_conversion.funnel = cfg_funnel_step.funnel
        and funnel_conversion.step_number = cfg_funnel_step.step_number
    left join funnel_conversion as step_before
        on funnel_conversion.funnel = step_before.funnel
        and funnel_conversion.dimension = step_before.dimension
        and funnel_conversion.dimension_value = step_before.dimension_value
        and cfg_funnel_step.required_before = step_before.step_number
)

select
    funnel,
    dimension,
    dimension_value,
    step_number,
    entered,
    reached,
    rate_from_first,
    rate_from_previous,
    days_p50,
    days_p75,
    days_p90,
    still_open,
    lost,
    excluded
from compared
where reached < 0
    or reached > entered
    or (entered = 0) <> (rate_from_first is null)
    or rate_from_first not between 0 and 1
    or rate_from_first < rate_from_first_low - 1e-9
    or rate_from_first > rate_from_first_high + 1e-9
    or rate_from_previous not between 0 and 1
    or rate_from_previous < rate_from_previous_low - 1e-9
    or rate_from_previous > rate_from_previous_high + 1e-9
    or days_p50 < 0
    or days_p50 > days_p75
    or days_p75 > days_p90
    or (days_p50 is null and days_p75 is not null)
    or (days_p75 is null and days_p90 is not null)
    or days_censored_n <> days_n - reached
    or (step_number = 1 and still_open + lost + excluded <> 0)
    or (is_optional and still_open + lost + excluded <> 0)
    or (not is_optional and reached_before <> reached + still_open + lost + excluded)
