-- One task as the CRM has it, by the key that kenko gave it: account, type and reason.
-- Rows whose key is not of this shape are tasks of somebody else and left out. A task is
-- closed when it says when, or when its status is one of those that the pipeline calls
-- closed. Of a repeated key the newest row is kept; the other columns only make the
-- choice total.
-- grain: task_key
-- columns:
--   task_key | text | key | account, type and reason
--   account_id | text | key | account, the first part of the key
--   task_type | text | - | list that the task comes from, the second part
--   reason | text | - | reason, the rest
--   assignee | text | key | the person of ours who has it in the CRM
--   status | text | - | state in the CRM, lower case; unknown where none is given
--   created_on | date | day | day it was made
--   due_on | date | day | day it is due
--   snoozed_until | date | day | hidden until this day
--   closed_on | date | day | day it was closed, in the pipeline's time zone
--   is_closed | boolean | - | closed, by its day or its status
--   outcome | text | - | how it ended, in the CRM's words
with

ranked as (
    select
        *,
        regexp_match(
            trim(task_key),
            '^(.+?):(advocate|alert|expansion|next_best_action|nurture|risk):(.+)$'
        ) as parts,
        row_number() over (
            partition by trim(task_key)
            order by
                created_on desc nulls last,
                closed_at desc nulls last,
                due_on desc nulls last,
                snoozed_until desc nulls last,
                status asc nulls last,
                owner asc nulls last,
                outcome asc nulls last
        ) as position
    from raw_task
),

closed_status as (
    select value
    from cfg_list_value
    where setting = 'closed_status'
)

select
    trim(ranked.task_key) as task_key,
    ranked.parts[1] as account_id,
    ranked.parts[2] as task_type,
    ranked.parts[3] as reason,
    nullif(trim(ranked.owner), '') as assignee,
    coalesce(nullif(lower(trim(ranked.status)), ''), 'unknown') as status,
    ranked.created_on,
    ranked.due_on,
    ranked.snoozed_until,
    local_day(ranked.closed_at) as closed_on,
    ranked.closed_at is not null or closed_status.value is not null as is_closed,
    nullif(trim(ranked.outcome), '') as outcome
from ranked
left join closed_status on lower(trim(ranked.status)) = closed_status.value
where ranked.position = 1 and ranked.parts is not null
