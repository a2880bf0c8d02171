-- Units that touched the first step of a measured funnel and do not have exactly one row,
-- or have a row without such a touch. A first step that asks for several people or for a
-- role is not taken by each of its touches: there a missing row is no mistake.
-- severity: error
-- checks: funnel_account
with

expected as (
    select distinct
        funnel,
        unit_id
    from int_funnel_start
),

found as (
    select
        funnel,
        unit_id,
        count(*) as found_rows
    from funnel_account
    group by funnel, unit_id
)

select
    coalesce(expected.funnel, found.funnel) as funnel,
    coalesce(expected.unit_id, found.unit_id) as unit_id,
    coalesce(found.found_rows, 0) as found_rows
from expected
full outer join found
    on expected.funnel = found.funnel
    and expected.unit_id = found.unit_id
left join cfg_funnel on expected.funnel = cfg_funnel.funnel
where expected.unit_id is null
    or (found.found_rows is null and cfg_funnel.is_entered_by_any)
    or found.found_rows <> 1
