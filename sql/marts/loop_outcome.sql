-- Whether things went better after a task, against the accounts that were kept out: the
-- next answer, the use, the renewal. Each account counts once for each kind of task, from
-- the first day of its first such reason on, in the arm it was in then; that a task was
-- handed over counts, done or not, because whoever is worth the effort is done first.
-- The share among the tasks that were done stands beside it and compares with nothing.
-- answer: of the questions answered in the year before and within the pipeline's days
-- after, the mean is higher after. use: more days of use in the 28 days up to the
-- pipeline's days after than in the 28 up to the first. renewal: who paid on the first
-- day still pays after these days.
-- grain: task_type, outcome
-- columns:
--   task_type | text | - | kind of task, all for the first of any kind
--   outcome | text | - | answer, use or renewal
--   n_task | integer | accounts | n: handed over, and the outcome is known
--   better_task | integer | accounts | of these, better (renewal: still paying)
--   rate_task | float | 0-1 | better_task / n_task; null when too few
--   rate_task_low | float | 0-1 | low end of its 95 % interval
--   rate_task_high | float | 0-1 | high end of its 95 % interval
--   n_held_out | integer | accounts | n: kept out, and the outcome is known
--   better_held_out | integer | accounts | of these, better
--   rate_held_out | float | 0-1 | better_held_out / n_held_out; null when too few
--   rate_held_out_low | float | 0-1 | low end of its 95 % interval
--   rate_held_out_high | float | 0-1 | high end of its 95 % interval
--   difference | float | -1-1 | rate_task - rate_held_out; null when too few
--   difference_low | float | -1-1 | low end of its 95 % interval
--   difference_high | float | -1-1 | high end of its 95 % interval
--   n_done | integer | accounts | n: of n_task, done
--   better_done | integer | accounts | of these, better
--   rate_done | float | 0-1 | better_done / n_done; null when too few
--   is_too_few | boolean | - | either arm is below the pipeline's minimum
with

started as (
    select
        task.account_id,
        kind.task_type, kind.outcome,
        task.opened_on,
        task.opened_on + cast(cfg_list_rule.outcome_after_days as int) as after_on,
        task.opened_on + cast(cfg_list_rule.outcome_answer_days as int) as answers_until,
        task.status = 'held_out' as is_held_out,
        task.status = 'done' as is_done
    from cfg_list_rule
    cross join task
    inner join int_outcome_kind as kind on task.task_type = kind.list and kind.is_measured
    where task.status = 'held_out' or task.handed_over_on is not null
    qualify row_number() over (
        partition by task.account_id, kind.task_type, kind.outcome
        order by task.opened_on, task.urgency, task.task_key
    ) = 1
),

-- what counted on the first day, and on the one it is asked; an answer counts once only
compared as (
    select
        started.*,
        sign.value, sign.question,
        sign.begins_on <= opened_on and coalesce(sign.ends_on > opened_on, true)
            as is_before,
        case when started.outcome = 'answer'
            then sign.begins_on > opened_on and sign.begins_on <= answers_until
            else sign.begins_on <= after_on and coalesce(sign.ends_on > after_on, true)
        end as is_after
    from started
    left join int_outcome_sign as sign
        on started.account_id = sign.account_id and started.outcome = sign.outcome
    where started.outcome = 'answer' or after_on <= $as_of
),

summed as (
    select
        account_id, task_type, outcome, is_held_out, is_done,
        count(*) filter (where is_before) as n_before,
        count(*) filter (where is_after) as n_after,
        cast(cast(sum(value) filter (where is_after) as decimal(18,0))
            / cast(nullif(count(*) filter (where is_after), 0) as decimal(18,0))
            - cast(sum(value) filter (where is_before) as decimal(18,0))
            / cast(nullif(count(*) filter (where is_before), 0) as decimal(18,0))
            as decimal(24,4)) as change
    from compared
    group by account_id, task_type, outcome, is_held_out, is_done, question
),

followed as (
    select
        account_id, task_type, outcome, is_held_out, is_done,
        case outcome
            when 'answer' then sum(change) > 0
            when 'use' then sum(n_after) > sum(n_before)
            else sum(n_after) > 0
        end as is_better
    from summed
    where outcome = 'use' or (n_before > 0 and (outcome = 'renewal' or n_after > 0))
    group by account_id, task_type, outcome, is_held_out, is_done
),

judged as (
    select
        wanted.task_type, wanted.outcome,
        greatest(cfg_pipeline.minimum_n, 1) as minimum_n,
        count(*) filter (where not is_held_out) as n_task,
        count(*) filter (where not is_held_out and is_better) as better_task,
        count(*) filter (where is_held_out) as n_held_out,
        count(*) filter (where is_held_out and is_better) as better_held_out,
        count(*) filter (where is_done) as n_done,
        count(*) filter (where is_done and is_better) as better_done
    from cfg_pipeline
    cross join (select distinct task_type, outcome from int_outcome_kind) as wanted
    left join followed
        on wanted.task_type = followed.task_type and wanted.outcome = followed.outcome
    group by wanted.task_type, wanted.outcome, cfg_pipeline.minimum_n
),

rated as (
    select
        *,
        least(n_task, n_held_out) < minimum_n as is_too_few,
        case when n_task >= minimum_n then cast(better_task as double) / n_task end as p,
        case when n_task >= minimum_n then wilson_low(better_task, n_task) end as p_low,
        case when n_task >= minimum_n then wilson_high(better_task, n_task) end as p_high,
        case when n_held_out >= minimum_n
            then cast(better_held_out as double) / n_held_out end as q,
        case when n_held_out >= minimum_n
            then wilson_low(better_held_out, n_held_out) end as q_low,
        case when n_held_out >= minimum_n
            then wilson_high(better_held_out, n_held_out) end as q_high
    from judged
)

select
    task_type,
    outcome,
    n_task,
    better_task,
    p as rate_task,
    p_low as rate_task_low,
    p_high as rate_task_high,
    n_held_out,
    better_held_out,
    q as rate_held_out,
    q_low as rate_held_out_low,
    q_high as rate_held_out_high,
    p - q as difference,
    -- Newcombe's interval, put together from those of the two rates
    p - q - sqrt(power(p - p_low, 2) + power(q_high - q, 2)) as difference_low,
    p - q + sqrt(power(p_high - p, 2) + power(q - q_low, 2)) as difference_high,
    n_done,
    better_done,
    case when n_done >= minimum_n then cast(better_done as double) / n_done end
        as rate_done,
    is_too_few
from rated
