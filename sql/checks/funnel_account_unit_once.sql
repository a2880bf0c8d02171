-- Units that touched the first step of a measured funnel and do not have exactly one row,
-- or have a row without such a touch. Counted from the touches themselves.
-- severity: error
-- checks: funnel_account
with

expected as (
    select distinct
        funnel,
        unit_id
    from int_funnel_match
    where step_mask & 1 = 1
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
where expected.unit_id is null
    or found.found_rows is null
    or found.found_rows <> 1
