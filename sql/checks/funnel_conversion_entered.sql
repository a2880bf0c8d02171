-- Breakdowns in which entered is not what reached the first step, or steps that do not
-- run from 1 without a gap. What is broken down at each step has all that entered beside
-- the values of the step.
-- severity: error
-- checks: funnel_conversion
with

grouped as (
    select
        funnel,
        dimension,
        dimension_value,
        min(entered) as entered_least,
        max(entered) as entered_most,
        max(case when step_number = 1 then reached end) as reached_first,
        min(step_number) as first_step,
        max(step_number) as last_step,
        count(*) as steps
    from funnel_conversion
    group by funnel, dimension, dimension_value
)

select
    funnel,
    dimension,
    dimension_value,
    entered_least,
    entered_most,
    reached_first,
    steps
from grouped
where entered_least <> entered_most
    or (
        (reached_first is distinct from entered_most)
        and not ends_with(dimension, '_at_step')
    )
    or first_step <> 1
    or last_step <> steps
