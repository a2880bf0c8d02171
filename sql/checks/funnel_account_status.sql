-- Units whose status is none, or does not fit how far they came, how long they have and
-- what ended them.
-- severity: error
-- checks: funnel_account
select
    funnel,
    unit_id,
    steps_reached,
    steps,
    status,
    excluded_by
from funnel_account
where status is null
    or status not in ('converted', 'open', 'lost', 'excluded')
    or (status = 'converted') <> (steps_reached = steps)
    or (status = 'excluded') <> (excluded_by is not null)
    or steps_reached not between 1 and steps
    or furthest_step is null
    or loops < 0
