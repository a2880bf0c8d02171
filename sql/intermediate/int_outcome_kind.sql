-- One outcome that is asked about after one kind of task, with each list that counts to
-- that kind: every list is a kind of its own, and all of them together are one more.
-- grain: task_type, outcome, list
-- columns:
--   task_type | text | - | kind of task, all for the first of any kind
--   outcome | text | - | answer, use or renewal
--   list | text | - | list whose tasks count to it
--   is_measured | boolean | - | the pipeline has what the outcome is taken from
with

kind as (
    select
        list as task_type,
        list
    from cfg_list_limit
    union all
    select
        'all' as task_type,
        list
    from cfg_list_limit
),

declared as (
    select distinct source_table
    from cfg_source
    where source_table = 'event' and is_declared
)

select
    kind.task_type,
    named.outcome,
    kind.list,
    named.outcome <> 'use' or declared.source_table is not null as is_measured
from kind
cross join (values ('answer'), ('use'), ('renewal')) as named (outcome)
left join declared on named.outcome = 'use'
