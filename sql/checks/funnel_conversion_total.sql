-- Steps whose total is not the number of units of funnel_account that reached them, and
-- dimensions whose values do not sum to that total: no unit is lost on the way.
-- severity: error
-- checks: funnel_conversion
with

reached_by_unit as (
    select
        funnel_conversion.funnel,
        funnel_conversion.step_number,
        count(funnel_account.unit_id) as reached
    from funnel_conversion
    left join funnel_account
        on funnel_conversion.funnel = funnel_account.funnel
        and funnel_account.reached_at[funnel_conversion.step_number] is not null
    where funnel_conversion.dimension = 'all'
    group by funnel_conversion.funnel, funnel_conversion.step_number
),

reached_by_dimension as (
    select
        funnel,
        dimension,
        step_number,
        sum(reached) as reached
    from funnel_conversion
    group by funnel, dimension, step_number
)

select
    reached_by_dimension.funnel,
    reached_by_dimension.dimension,
    reached_by_dimension.step_number,
    reached_by_dimension.reached,
    reached_by_unit.reached as reached_by_unit
from reached_by_dimension
left join reached_by_unit
    on reached_by_dimension.funnel = reached_by_unit.funnel
    and reached_by_dimension.step_number = reached_by_unit.step_number
where reached_by_dimension.reached is distinct from reached_by_unit.reached
