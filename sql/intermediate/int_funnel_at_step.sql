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
            when not int_funnel_step.is_reached then 'not_reached'
            else coalesce(
                case cfg_funnel_breakdown.attribute
                    when 'owner' then int_funnel_reached.owner_id
                    when 'segment' then int_funnel_reached.segment
                    when 'region' then int_funnel_reached.region
                    when 'industry' then int_funnel_reached.industry
                    when 'country' then int_funnel_reached.country
                    when 'size' then int_funnel_reached.size
                    when 'channel' then int_funnel_reached.channel
                    when 'mode' then int_funnel_reached.mode
                    when 'role' then int_funnel_reached.role
                end,
                'unknown'
            )
        end as dimension_value,
        case cfg_funnel_breakdown.attribute
            when 'owner' then int_funnel_reached.is_owner_undated
            when 'role' then int_funnel_reached.is_role_undated
            when 'channel' then false
            when 'mode' then false
            else int_funnel_reached.is_account_undated
        end as is_undated,
        int_funnel_step.step_number,
        int_funnel_step.is_reached,
        int_funnel_step.is_open,
        int_funnel_step.is_lost,
        int_funnel_step.is_excluded
    from cfg_funnel_breakdown
    inner join int_funnel_step on cfg_funnel_breakdown.funnel = int_funnel_step.funnel
    left join int_funnel_reached
        on int_funnel_step.funnel = int_funnel_reached.funnel
        and int_funnel_step.unit_id = int_funnel_reached.unit_id
        and int_funnel_step.step_number = int_funnel_reached.step_number
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
