-- Tasks whose state contradicts itself: handed over and yet done, cleared, kept out or
-- waiting; ended without a day, or before they began; snoozed and awake.
-- severity: error
-- checks: task
select
    task_key,
    status
from task
where is_handed_over <> (status in ('open', 'proposed', 'snoozed'))
    or (status in ('done', 'cleared')) <> (ended_on is not null and status <> 'held_out')
    or coalesce(ended_on > $as_of, false)
    or opened_on > $as_of
    or (is_handed_over and (handed_over_on is null or due_on is null))
    or (status = 'cleared' and is_true)
    or (status = 'snoozed' and coalesce(snoozed_until <= $as_of, true))
    or why is null
    or next_step is null
