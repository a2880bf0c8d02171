-- Units whose status is none, or does not fit how far they came and how long they have.
-- severity: error
-- checks: funnel_account
select
    funnel,
    unit_id,
    steps_reached,
    steps,
    status
from funnel_account
where status is null
    or status not in ('converted', 'open', 'lost', 'excluded')
    or (status = 'converted') <> (steps_reached = steps)
    or steps_reached not between 1 and steps
    or loops < 0
