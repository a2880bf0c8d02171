-- One task for a person of ours, kept over the nights under its key: account, type and
-- reason. Seen again, it is updated and not repeated. What the CRM says of it is read
-- back: who has it, snoozed until when, closed when and how. A task whose reason is gone
-- is cleared; one that was closed comes back only when its reason still holds after the
-- pipeline's days. Tasks of accounts that are kept out are kept here and never handed
-- over: what became of these accounts tells what the tasks do.
-- grain: task_key
-- columns:
--   task_key | text | key | account, type and reason
--   account_id | text | key | account
--   account_name | text | - | the account's name
--   owner_id | text | key | who has it: the CRM's assignee, else the account's owner
--   task_type | text | - | list it comes from
--   reason | text | - | the rest of the key
--   urgency | integer | - | 1 = most urgent kind of task
--   list_rank | integer | - | its rank on the list tonight, null when not listed
--   why | text | - | the reason, in words
--   next_step | text | - | what to do
--   status | text | - | open, proposed, snoozed, waiting, held_out, done or cleared
--   is_handed_over | boolean | - | belongs into the CRM as a task to work on
--   is_true | boolean | - | its reason holds tonight
--   opened_on | date | day | first day of its reason, without a break
--   handed_over_on | date | day | first day it went to the CRM; null where it never did
--   due_on | date | day | day it is due; null where it was never handed over
--   last_true_on | date | day | last day its reason held, as far as is known
--   snoozed_until | date | day | hidden until then
--   reopened_on | date | day | day it came back after it was closed
--   ended_on | date | day | day it was done or cleared, null while neither
--   outcome | text | - | how it ended, in the CRM's words
--   crm_status | text | - | state in the CRM, null where the CRM does not have it
with

candidate as (
    select
        'alert' as task_type, task_key, account_id, owner_id, rank, why, next_step, status
    from alert
    union all
    select
        'risk' as task_type, task_key, account_id, owner_id, rank, why, next_step, status
    from risk_list
    union all
    select
        'expansion' as task_type,
        task_key, account_id, owner_id, rank, why, next_step, status
    from expansion_list
    union all
    select
        'nurture' as task_type,
        task_key, account_id, owner_id, rank, why, next_step, status
    from nurture_list
    union all
    select
        'advocate' as task_type,
        task_key, account_id, owner_id, rank, why, next_step, status
    from advocate_list
    union all
    select
        'next_best_action' as task_type,
        task_key, account_id, owner_id, rank, why, next_step, status
    from next_best_action
),

-- an account that is no longer listed keeps its tasks; a key of nobody's is none of ours
crm as (
    select stg_task.*
    from stg_task
    inner join stg_account on stg_task.account_id = stg_account.account_id
),

task_name as (
    select task_key, account_id, task_type from candidate
    union
    select task_key, account_id, task_type from prior_task
    union
    select task_key, account_id, task_type from crm
),

known as (
    select
        task_name.task_key,
        task_name.account_id,
        task_name.task_type,
        candidate.task_key is not null as is_true,
        candidate.rank as list_rank,
        candidate.status as list_status,
        candidate.owner_id as list_owner_id,
        candidate.why,
        candidate.next_step,
        crm.task_key is not null as is_in_crm,
        crm.status as crm_status,
        crm.assignee,
        crm.created_on as crm_created_on,
        crm.due_on as crm_due_on,
        crm.snoozed_until,
        coalesce(crm.is_closed, false) as is_closed,
        -- closed without a day: the first night that saw it so
        case when crm.is_closed
            then coalesce(
                crm.closed_on,
                case when prior_task.status = 'done' then prior_task.ended_on end,
                $as_of
            )
        end as closed_on,
        crm.outcome,
        prior_task.task_key is not null as is_remembered,
        prior_task.owner_id as prior_owner_id,
        prior_task.why as prior_why,
        prior_task.next_step as prior_next_step,
        prior_task.status as prior_status,
        prior_task.opened_on as prior_opened_on,
        prior_task.handed_over_on as prior_handed_over_on,
        prior_task.due_on as prior_due_on,
        prior_task.last_true_on as prior_last_true_on,
        prior_task.reopened_on as prior_reopened_on,
        prior_task.ended_on as prior_ended_on,
        cfg_list_limit.urgency,
        cfg_list_limit.due_days,
        cfg_list_rule.reopen_after_days,
        cfg_list_rule.keep_days,
        cfg_list_rule.tasks_per_owner
    from cfg_list_rule
    cross join task_name
    inner join cfg_list_limit on task_name.task_type = cfg_list_limit.list
    left join candidate on task_name.task_key = candidate.task_key
    left join crm on task_name.task_key = crm.task_key
    left join prior_task on task_name.task_key = prior_task.task_key
),

judged as (
    select
        *,
        -- gone once and true again is a new beginning
        is_true and coalesce(prior_status = 'cleared', false) as is_new_beginning,
        is_closed and is_true and $as_of - closed_on > reopen_after_days as is_reopened,
        -- an arm is for good: who was kept out of a task stays so
        coalesce(list_status = 'held_out', false)
            or coalesce(prior_status = 'held_out', false)
            or coalesce(crm_status = 'held_out', false) as is_held_out,
        coalesce(prior_status in ('open', 'proposed', 'snoozed'), false)
            or (is_in_crm and not is_closed) as is_under_way
    from known
),

stated as (
    select
        *,
        case
            when is_held_out then 'held_out'
            when is_closed and not is_reopened then 'done'
            when not is_true then 'cleared'
            when coalesce(snoozed_until > $as_of, false) then 'snoozed'
            when list_status = 'waiting' and not is_under_way then 'waiting'
            when task_type = 'next_best_action' and not is_in_crm then 'proposed'
            else 'open'
        end as list_state
    from judged
),

-- An owner has room for so many; what is under way keeps its place.
placed as (
    select
        *,
        case when list_state in ('open', 'proposed')
            then row_number() over (
                partition by
                    coalesce(assignee, list_owner_id, prior_owner_id),
                    list_state in ('open', 'proposed')
                order by is_under_way desc, urgency, list_rank nulls last, task_key
            )
        end as owner_position
    from stated
),

decided as (
    select
        *,
        case
            when owner_position > tasks_per_owner and not is_under_way then 'waiting'
            else list_state
        end as status,
        case
            when is_new_beginning then $as_of
            else coalesce(prior_opened_on, crm_created_on, $as_of)
        end as opened_on,
        case
            when is_reopened and coalesce(prior_reopened_on > closed_on, false)
                then prior_reopened_on
            when is_reopened then $as_of
            when not is_closed and not is_new_beginning then prior_reopened_on
        end as reopened_on
    from placed
),

dated as (
    select
        *,
        status in ('open', 'proposed', 'snoozed') as is_handed_over,
        case
            when status = 'done' then closed_on
            when status = 'cleared' or (status = 'held_out' and not is_true)
                then coalesce(prior_ended_on, $as_of)
        end as ended_on,
        case
            when is_new_beginning and status not in ('open', 'proposed', 'snoozed')
                then null
            when is_new_beginning then $as_of
            else coalesce(
                prior_handed_over_on,
                case when is_in_crm and not is_held_out
                    then coalesce(crm_created_on, $as_of) end,
                case when status in ('open', 'proposed', 'snoozed') then $as_of end
            )
        end as handed_over_on
    from decided
)

select
    dated.task_key,
    dated.account_id,
    stg_account.account_name,
    coalesce(
        dated.assignee, dated.list_owner_id, dated.prior_owner_id, stg_account.owner_id
    ) as owner_id,
    dated.task_type,
    substr(
        dated.task_key,
        character_length(dated.account_id) + character_length(dated.task_type) + 3
    ) as reason,
    dated.urgency,
    dated.list_rank,
    coalesce(nullif(dated.why, ''), dated.prior_why, unnamed.why) as why,
    coalesce(dated.next_step, dated.prior_next_step, unnamed.next_step) as next_step,
    dated.status,
    dated.is_handed_over,
    dated.is_true,
    dated.opened_on,
    dated.handed_over_on,
    -- counted from the day somebody could begin with it
    coalesce(
        case when not dated.is_reopened then dated.crm_due_on end,
        case when not dated.is_new_beginning and not dated.is_reopened
            then dated.prior_due_on end,
        coalesce(dated.reopened_on, dated.handed_over_on) + cast(dated.due_days as int)
    ) as due_on,
    case when dated.is_true then $as_of else dated.prior_last_true_on end as last_true_on,
    dated.snoozed_until,
    dated.reopened_on,
    dated.ended_on,
    dated.outcome,
    dated.crm_status
from dated
left join stg_account on dated.account_id = stg_account.account_id
left join cfg_list_reason as unnamed
    on dated.task_type = 'risk'
    and unnamed.list = 'risk'
    and unnamed.reason = 'unnamed'
where coalesce($as_of - dated.ended_on <= dated.keep_days, true)
