-- One change to make in the CRM so that it has tonight's tasks: a task that is new there,
-- one of which something changed since the last publication, or one to take away. Ready
-- for an upsert by task_key. Taken away is also what the CRM still has open although
-- nothing asks for it any more, until the CRM has closed it; doing a change twice does no
-- harm.
-- grain: task_key
-- columns:
--   task_key | text | key | account, type and reason: the external id of the upsert
--   change | text | - | added, changed or removed
--   changed | text | - | names of the columns that changed, null for added and removed
--   account_id | text | key | account
--   account_name | text | - | the account's name
--   owner_id | text | key | who has it
--   task_type | text | - | list it comes from
--   reason | text | - | the rest of the key
--   urgency | integer | - | 1 = most urgent kind of task
--   why | text | - | the reason, in words of the pipeline's language
--   why_en | text | - | the same in English
--   why_ja | text | - | the same in Japanese
--   next_step | text | - | what to do
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   status | text | - | tonight's state; gone where the task is forgotten
--   opened_on | date | day | first day of its reason
--   due_on | date | day | day it is due
--   snoozed_until | date | day | hidden until then
--   ended_on | date | day | day it was done or cleared
with

tonight as (
    select *
    from task
    where is_handed_over
),

before as (
    select *
    from prior_task
    where is_handed_over
),

-- open there, by what the CRM says today
open_in_crm as (
    select stg_task.task_key
    from stg_task
    inner join task on stg_task.task_key = task.task_key
    where not stg_task.is_closed and stg_task.status <> 'held_out'
),

-- what is over is not taken away again where the CRM itself has closed it
over as (
    select task_key from before
    union
    select task_key from open_in_crm
),

compared as (
    select
        tonight.*,
        before.task_key is null as is_added,
        nullif(concat_ws(
            ', ',
            case when tonight.owner_id is distinct from before.owner_id
                then 'owner_id' end,
            case when (tonight.why is distinct from before.why)
                or (tonight.why_en is distinct from before.why_en)
                or (tonight.why_ja is distinct from before.why_ja) then 'why' end,
            case when (tonight.next_step is distinct from before.next_step)
                or (tonight.next_step_en is distinct from before.next_step_en)
                or (tonight.next_step_ja is distinct from before.next_step_ja)
                then 'next_step' end,
            case when tonight.status is distinct from before.status then 'status' end,
            case when tonight.due_on is distinct from before.due_on then 'due_on' end,
            case when tonight.snoozed_until is distinct from before.snoozed_until
                then 'snoozed_until' end
        ), '') as changed
    from tonight
    left join before on tonight.task_key = before.task_key
),

removed as (
    select over.task_key
    from over
    left anti join tonight on over.task_key = tonight.task_key
)

select
    task_key,
    case when is_added then 'added' else 'changed' end as change,
    case when not is_added then changed end as changed,
    account_id,
    account_name,
    owner_id,
    task_type,
    reason,
    urgency,
    why,
    why_en,
    why_ja,
    next_step,
    next_step_en,
    next_step_ja,
    status,
    opened_on,
    due_on,
    snoozed_until,
    ended_on
from compared
where is_added or changed is not null
union all
select
    removed.task_key,
    'removed' as change,
    cast(null as text) as changed,
    coalesce(task.account_id, before.account_id) as account_id,
    coalesce(task.account_name, before.account_name) as account_name,
    coalesce(task.owner_id, before.owner_id) as owner_id,
    coalesce(task.task_type, before.task_type) as task_type,
    coalesce(task.reason, before.reason) as reason,
    coalesce(task.urgency, before.urgency) as urgency,
    coalesce(task.why, before.why) as why,
    coalesce(task.why_en, before.why_en) as why_en,
    coalesce(task.why_ja, before.why_ja) as why_ja,
    coalesce(task.next_step, before.next_step) as next_step,
    coalesce(task.next_step_en, before.next_step_en) as next_step_en,
    coalesce(task.next_step_ja, before.next_step_ja) as next_step_ja,
    coalesce(task.status, 'gone') as status,
    coalesce(task.opened_on, before.opened_on) as opened_on,
    coalesce(task.due_on, before.due_on) as due_on,
    coalesce(task.snoozed_until, before.snoozed_until) as snoozed_until,
    coalesce(task.ended_on, before.ended_on) as ended_on
from removed
left join task on removed.task_key = task.task_key
left join before on removed.task_key = before.task_key
