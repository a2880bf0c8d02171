-- The key under which the risk of an account is a task. It begins with the strongest
-- reason of its first night. Reasons change places, and another model has others, so what
-- somebody has in hand goes on under its key for as long as the risk is there, and what
-- was closed a short while ago rests under it.
-- grain: account_id
-- columns:
--   account_id | text | key | account that is known to have a reason, or a task
--   task_key | text | key | account, risk, and the reason that was strongest at its start
--   is_continued | boolean | - | the task was there before tonight
with

top_reason as (
    select
        account_id,
        account_id || ':risk:' || feature as task_key
    from int_churn_reason
    where as_of = $as_of
        and reason_rank = 1
        and contribution > 0
),

continued as (
    select
        known.account_id,
        known.task_key
    from int_known_task as known
    left join top_reason on known.account_id = top_reason.account_id
    where known.task_type = 'risk'
        and case
            when known.is_closed and not known.may_reopen then true
            when known.is_in_crm and not known.is_closed and not known.was_held_out
                then true
            -- waiting, kept out or open again the night before, it is one as well
            else known.last_true_on is not null and known.ended_on is null
        end
    qualify row_number() over (
        partition by known.account_id
        order by
            known.is_closed and not known.may_reopen,
            coalesce(known.task_key = top_reason.task_key, false) desc,
            known.opened_on,
            known.task_key
    ) = 1
)

select
    coalesce(continued.account_id, top_reason.account_id) as account_id,
    coalesce(continued.task_key, top_reason.task_key) as task_key,
    continued.task_key is not null as is_continued
from top_reason
full join continued on top_reason.account_id = continued.account_id
