-- The last publication's tasks, with what was added and less what was removed, are not
-- tonight's.
-- severity: error
-- checks: task_diff
with

before as (
    select task_key
    from prior_task
    where is_handed_over
),

expected as (
    select task_key from before
    union
    select task_key from task_diff where change = 'added'
),

left_over as (
    select expected.task_key
    from expected
    left anti join (select task_key from task_diff where change = 'removed') as removed
        on expected.task_key = removed.task_key
),

tonight as (
    select task_key
    from task
    where is_handed_over
)

select
    left_over.task_key as expected_task_key,
    tonight.task_key
from left_over
full outer join tonight on left_over.task_key = tonight.task_key
where left_over.task_key is null or tonight.task_key is null
