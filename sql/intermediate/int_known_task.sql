-- One task that the CRM has or an earlier night wrote down, with what both say of it. An
-- account that is no longer listed keeps its tasks; a key of nobody's is none of ours.
-- grain: task_key
-- columns:
--   task_key | text | key | account, type and reason
--   account_id | text | key | account
--   task_type | text | - | list it came from
--   assignee | text | key | the person who has it in the CRM
--   prior_owner_id | text | key | who had it the night before
--   prior_why | text | - | the reason in words, the night before
--   prior_why_en | text | - | the same in English
--   prior_why_ja | text | - | the same in Japanese
--   prior_next_step | text | - | what to do, the night before
--   prior_next_step_en | text | - | the same in English
--   prior_next_step_ja | text | - | the same in Japanese
--   crm_status | text | - | state in the CRM, null where the CRM does not have it
--   outcome | text | - | how it ended, in the CRM's words
--   is_in_crm | boolean | - | the CRM has it
--   is_closed | boolean | - | closed in the CRM
--   may_reopen | boolean | - | closed for so long that it comes back when it is true
--   was_cleared | boolean | - | its reason was gone the night before
--   was_held_out | boolean | - | kept out, by the night before or the CRM
--   is_under_way | boolean | - | handed over the night before, or not closed in the CRM
--   in_crm_since | date | day | day it came to the CRM, the as-of date where not given
--   crm_due_on | date | day | day it is due in the CRM
--   snoozed_until | date | day | hidden until then
--   closed_on | date | day | day it was closed; else the first night that saw it so
--   opened_on | date | day | first day of its reason, as far as is known
--   handed_over_on | date | day | first day it went to the CRM, the night before
--   due_on | date | day | day it was due, the night before
--   last_true_on | date | day | last day its reason held, the night before
--   reopened_on | date | day | day it came back; today where it has not since its closing
--   ended_on | date | day | day it was done or cleared, the night before
with

crm as (
    select stg_task.*
    from stg_task
    inner join stg_account on stg_task.account_id = stg_account.account_id
),

task_name as (
    select task_key, account_id, task_type from prior_task
    union
    select task_key, account_id, task_type from crm
),

closed as (
    select
        task_name.task_key,
        coalesce(
            crm.closed_on,
            case when prior_task.status = 'done' then prior_task.ended_on end,
            $as_of
        ) as closed_on
    from task_name
    inner join crm on task_name.task_key = crm.task_key and crm.is_closed
    left join prior_task on task_name.task_key = prior_task.task_key
)

select
    task_name.task_key,
    task_name.account_id,
    task_name.task_type,
    crm.assignee,
    prior_task.owner_id as prior_owner_id,
    prior_task.why as prior_why,
    prior_task.why_en as prior_why_en,
    prior_task.why_ja as prior_why_ja,
    prior_task.next_step as prior_next_step,
    prior_task.next_step_en as prior_next_step_en,
    prior_task.next_step_ja as prior_next_step_ja,
    crm.status as crm_status,
    crm.outcome,
    crm.task_key is not null as is_in_crm,
    closed.task_key is not null as is_closed,
    coalesce($as_of - closed.closed_on > cfg_list_rule.reopen_after_days, false)
        as may_reopen,
    coalesce(prior_task.status = 'cleared', false) as was_cleared,
    -- an arm is for good: who was kept out of a task stays so
    coalesce(prior_task.status = 'held_out', false)
        or coalesce(crm.status = 'held_out', false) as was_held_out,
    coalesce(prior_task.status in ('open', 'proposed', 'snoozed'), false)
        or (crm.task_key is not null and closed.task_key is null) as is_under_way,
    case when crm.task_key is not null then coalesce(crm.created_on, $as_of) end
        as in_crm_since,
    crm.due_on as crm_due_on,
    crm.snoozed_until,
    closed.closed_on,
    coalesce(prior_task.opened_on, crm.created_on, $as_of) as opened_on,
    prior_task.handed_over_on,
    prior_task.due_on,
    prior_task.last_true_on,
    case
        when coalesce(prior_task.reopened_on <= closed.closed_on, false)
            or (closed.task_key is not null and prior_task.reopened_on is null)
            then $as_of
        else prior_task.reopened_on
    end as reopened_on,
    prior_task.ended_on
from cfg_list_rule
cross join task_name
left join crm on task_name.task_key = crm.task_key
left join closed on task_name.task_key = closed.task_key
left join prior_task on task_name.task_key = prior_task.task_key
