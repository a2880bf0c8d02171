-- Steps that more units reached than the required step before, in the same funnel and
-- breakdown: whoever reached a step reached all required ones before it.
-- severity: error
-- checks: funnel_conversion
with

compared as (
    select
        funnel_conversion.funnel,
        funnel_conversion.dimension,
        funnel_conversion.dimension_value,
        funnel_conversion.step_number,
        funnel_conversion.reached,
        step_before.reached as reached_before
    from funnel_conversion
    inner join cfg_funnel_step
        on funnel_conversion.funnel = cfg_funnel_step.funnel
        and funnel_conversion.step_number = cfg_funnel_step.step_number
    inner join funnel_conversion as step_before
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
    reached,
    reached_before
from compared
where reached > reached_before
