-- Steps that more units reached than the step before, in the same funnel and breakdown:
-- whoever reached a step reached all before it.
-- severity: error
-- checks: funnel_conversion
with

compared as (
    select
        funnel,
        dimension,
        dimension_value,
        step_number,
        reached,
        lag(reached) over (
            partition by funnel, dimension, dimension_value
            order by step_number
        ) as reached_before
    from funnel_conversion
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
