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
--   why | text | - | the reason, in words of the pipeline's language
--   why_en | text | - | the same in English
--   why_ja | text | - | the same in Japanese
--   next_step | text | - | what to do
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
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
    select task_key, account_id, 'alert' as task_type, owner_id, rank, status,
        why, why_en, why_ja, next_step, next_step_en, next_step_ja from alert
    union all
    select task_key, account_id, 'risk' as task_type, owner_id, rank, status,
        why, why_en, why_ja, next_step, next_step_en, next_step_ja from risk_list
    union all
    select task_key, account_id, 'expansion' as task_type, owner_id, rank, status,
        why, why_en, why_ja, next_step, next_step_en, next_step_ja from expansion_list
    union all
    select task_key, account_id, 'nurture' as task_type, owner_id, rank, status,
        why, why_en, why_ja, next_step, next_step_en, next_step_ja from nurture_list
    union all
    select task_key, account_id, 'advocate' as task_type, owner_id, rank, status,
        why, why_en, why_ja, next_step, next_step_en, next_step_ja from advocate_list
    union all
    select task_key, account_id, 'next_best_action' as task_type, owner_id, rank, status,
        why, why_en, why_ja, next_step, next_step_en, next_step_ja from next_best_action
),

judged as (
    select
        coalesce(candidate.task_key, known.task_key) as task_key,
        coalesce(candidate.account_id, known.account_id) as account_id,
        coalesce(candidate.task_type, known.task_type) as task_type,
        coalesce(assignee, candidate.owner_id, prior_owner_id) as owner_id,
        rank as list_rank, candidate.status as list_status,
        why, why_en, why_ja, next_step, next_step_en, next_step_ja,
        prior_why, prior_why_en, prior_why_ja,
        prior_next_step, prior_next_step_en, prior_next_step_ja,
        candidate.task_key is not null as is_true,
        coalesce(is_in_crm, false) as is_in_crm, coalesce(is_closed, false) as is_closed,
        coalesce(is_under_way, false) as is_under_way,
        coalesce(candidate.status = 'held_out', false)
            or coalesce(was_held_out, false) as is_held_out,
        -- gone once and true again is a new beginning
        candidate.task_key is not null and coalesce(was_cleared, false) as is_anew,
        candidate.task_key is not null and coalesce(may_reopen, false) as is_reopened,
        known.snoozed_until
    from candidate
    full join int_known_task as known on candidate.task_key = known.task_key
),

stated as (
    select
        judged.*, urgency, due_days, keep_days, tasks_per_owner,
        case
            when is_held_out then 'held_out'
            when is_closed and not is_reopened then 'done'
            when not is_true then 'cleared'
            when coalesce(snoozed_until > $as_of, false) then 'snoozed'
            when list_status = 'waiting' and not is_under_way then 'waiting'
            when task_type = 'next_best_action' and not is_in_crm then 'proposed'
            else 'open'
        end as list_state
    from cfg_list_rule
    cross join judged
    inner join cfg_list_limit on judged.task_type = cfg_list_limit.list
),

-- An owner has room for so many; what is under way keeps its place.
placed as (
    select
        *,
        case when list_state in ('open', 'proposed') and not is_under_way
            and row_number() over (
                partition by owner_id, list_state in ('open', 'proposed')
                order by is_under_way desc, urgency, list_rank nulls last, task_key
            ) > tasks_per_owner then 'waiting' else list_state end as status
    from stated
),

dated as (
    select
        placed.*,
        status in ('open', 'proposed', 'snoozed') as is_handed_over,
        coalesce(case when not is_anew then known.opened_on end, $as_of) as opened_on,
        coalesce(
            case when not is_anew then known.handed_over_on end,
            case when not is_anew and not is_held_out then in_crm_since end,
            case when status in ('open', 'proposed', 'snoozed') then $as_of end
        ) as handed_over_on,
        case when is_reopened or not (placed.is_closed or is_anew)
            then known.reopened_on end as reopened_on,
        case
            when status = 'done' then closed_on
            when status = 'cleared' or (status = 'held_out' and not is_true)
                then coalesce(known.ended_on, $as_of)
        end as ended_on,
        case when not is_reopened then coalesce(crm_due_on,
            case when not is_anew then known.due_on end) end as known_due_on,
        case when is_true then $as_of else known.last_true_on end as last_true_on,
        outcome, crm_status
    from placed
    left join int_known_task as known on placed.task_key = known.task_key
)

select
    dated.task_key, dated.account_id, stg_account.account_name,
    coalesce(dated.owner_id, stg_account.owner_id) as owner_id, task_type,
    substr(task_key, character_length(dated.account_id) + character_length(task_type) + 3)
        as reason,
    dated.urgency, list_rank,
    coalesce(nullif(dated.why, ''), prior_why, plain.why) as why,
    coalesce(nullif(dated.why_en, ''), prior_why_en, plain.why_en) as why_en,
    coalesce(nullif(dated.why_ja, ''), prior_why_ja, plain.why_ja) as why_ja,
    coalesce(dated.next_step, prior_next_step, plain.next_step) as next_step,
    coalesce(dated.next_step_en, prior_next_step_en, plain.next_step_en) as next_step_en,
    coalesce(dated.next_step_ja, prior_next_step_ja, plain.next_step_ja) as next_step_ja,
    status, is_handed_over, is_true, opened_on, handed_over_on,
    -- counted from the day somebody could begin with it
    coalesce(known_due_on, coalesce(reopened_on, handed_over_on) + cast(due_days as int))
        as due_on,
    last_true_on, snoozed_until, reopened_on, ended_on, outcome, crm_status
from dated
left join stg_account on dated.account_id = stg_account.account_id
left join cfg_list_reason as plain
    on task_type = 'risk' and plain.list = 'risk' and plain.reason = 'unnamed'
where coalesce($as_of - ended_on <= keep_days, true)
