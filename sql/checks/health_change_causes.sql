-- Causes that contradict themselves: none of the known ones, without points, of a rule
-- that is called a measure's, or `input` of a measure that has no number on one side.
-- severity: error
-- checks: health_change
select
    account_id,
    measure,
    cause,
    points,
    state_before,
    state
from health_change
where cause not in ('profile', 'coverage', 'input', 'cap', 'override')
    or coalesce(points = 0, true)
    or label is null
    or (cause = 'cap') <> (measure like 'cap:%')
    or (cause = 'override') <> (measure = 'override')
