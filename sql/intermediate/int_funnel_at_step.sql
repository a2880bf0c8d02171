-- How many units reached one step of a funnel with one value of an attribute as it was at
-- that step, for the attributes that the pipeline asks for: not_reached stands for those
-- that did not reach it, so that the values of a step sum to all that entered.
-- grain: funnel, dimension, dimension_value, step_number
-- materialise: view
-- columns:
--   funnel | text | key | funnel
--   dimension | text | - | the attribute with _at_step behind it
--   dimension_value | text | - | its value at the step; unknown, not_reached
--   step_number | integer | - | step, from 1
--   reached | integer | units | units that reached the step with this value
--   undated | integer | units | of these, nobody knows whether it held at the step
--   still_open | integer | units | not_reached: at the step before, with time left
--   lost | integer | units | not_reached: at the step before when the attempt was over
--   excluded | integer | units | not_reached: at the step before when excluded
with

valued as (
    select
        cfg_funnel_breakdown.funnel,
        concat(cfg_funnel_breakdown.attribute, '_at_step') as dimension,
        case
            when int_funnel_step.is_reached then coalesce(reached.value, 'unknown')
            else 'not_reached'
        end as dimension_value,
        reached.is_undated,
        int_funnel_step.step_number,
        int_funnel_step.is_reached,
        int_funnel_step.is_open,
        int_funnel_step.is_lost,
        int_funnel_step.is_excluded
    from cfg_funnel_breakdown
    inner join int_funnel_step on cfg_funnel_breakdown.funnel = int_funnel_step.funnel
    left join int_funnel_attribute as reached
        on int_funnel_step.funnel = reached.funnel
        and int_funnel_step.unit_id = reached.unit_id
        and int_funnel_step.step_number = reached.step_number
        and cfg_funnel_breakdown.attribute = reached.attribute
)

select
    funnel,
    dimension,
    dimension_value,
    step_number,
    count(*) filter (where is_reached) as reached,
    count(*) filter (where is_reached and is_undated) as undated,
    count(*) filter (where is_open) as still_open,
    count(*) filter (where is_lost) as lost,
    count(*) filter (where is_excluded) as excluded
from valued
group by funnel, dimension, dimension_value, step_number
