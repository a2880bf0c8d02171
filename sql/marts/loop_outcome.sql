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
        reach.is_all,
        case when reach.is_all then 'all' else task.task_type end as task_type,
        task.opened_on,
        task.status = 'held_out' as is_held_out,
        task.status = 'done' as is_done
    from (values (true), (false)) as reach (is_all)
    cross join task
    where task.status = 'held_out' or task.handed_over_on is not null
    qualify row_number() over (
        partition by
            task.account_id,
            case when reach.is_all then 'all' else task.task_type end
        order by task.opened_on, task.urgency, task.task_key
    ) = 1
),

-- the day on which it is asked, and whether that has come
asked as (
    select
        started.*,
        opened_on + cast(cfg_list_rule.outcome_after_days as int) as after_on,
        opened_on + cast(cfg_list_rule.outcome_answer_days as int) as answers_until
    from cfg_list_rule
    cross join started
),

answer_part as (
    select
        asked.account_id,
        asked.task_type,
        int_answer_value.metric,
        int_answer_value.kind,
        sum(int_answer_value.value)
            filter (where int_answer_value.responded_on <= asked.opened_on) as sum_before,
        count(*)
            filter (where int_answer_value.responded_on <= asked.opened_on) as n_before,
        sum(int_answer_value.value)
            filter (where int_answer_value.responded_on > asked.opened_on) as sum_after,
        count(*)
            filter (where int_answer_value.responded_on > asked.opened_on) as n_after
    from asked
    inner join int_answer_value
        on asked.account_id = int_answer_value.account_id
        and int_answer_value.responded_on > asked.opened_on - 365
        and int_answer_value.responded_on <= asked.answers_until
        and int_answer_value.responded_on <= $as_of
    group by
        asked.account_id,
        asked.task_type,
        int_answer_value.metric,
        int_answer_value.kind
),

answered as (
    select
        account_id,
        task_type,
        sum(
            cast(cast(sum_after as decimal(18,0)) / cast(n_after as decimal(18,0))
                - cast(sum_before as decimal(18,0)) / cast(n_before as decimal(18,0))
                as decimal(24,4))
        ) > 0 as is_better
    from answer_part
    where n_before > 0 and n_after > 0
    group by account_id, task_type
),

used as (
    select
        asked.account_id,
        asked.task_type,
        count(*) filter (
            where int_account_day.day > asked.after_on - 28
                and int_account_day.day <= asked.after_on
        ) > count(*) filter (
            where int_account_day.day > asked.opened_on - 28
                and int_account_day.day <= asked.opened_on
        ) as is_better
    from asked
    inner join cfg_source on cfg_source.source_table = 'event' and cfg_source.is_declared
    left join int_account_day on asked.account_id = int_account_day.account_id
    where asked.after_on <= $as_of
    group by asked.account_id, asked.task_type
),

contract as (
    select
        account_id,
        started_on,
        ended_on
    from stg_subscription
    where account_id is not null and mrr > 0 and not is_trial
),

paying as (
    select
        asked.account_id,
        asked.task_type,
        bool_or(
            contract.started_on <= asked.after_on
            and coalesce(contract.ended_on > asked.after_on, true)
        ) as is_better
    from asked
    inner join contract on asked.account_id = contract.account_id
    where asked.after_on <= $as_of
    group by asked.account_id, asked.task_type
    having bool_or(
        contract.started_on <= asked.opened_on
        and coalesce(contract.ended_on > asked.opened_on, true)
    )
),

followed as (
    select 'answer' as outcome, account_id, task_type, is_better from answered
    union all
    select 'use' as outcome, account_id, task_type, is_better from used
    union all
    select 'renewal' as outcome, account_id, task_type, is_better from paying
),

counted as (
    select
        followed.outcome,
        followed.task_type,
        count(*) filter (where not is_held_out) as n_task,
        count(*) filter (where not is_held_out and is_better) as better_task,
        count(*) filter (where is_held_out) as n_held_out,
        count(*) filter (where is_held_out and is_better) as better_held_out,
        count(*) filter (where is_done) as n_done,
        count(*) filter (where is_done and is_better) as better_done
    from followed
    inner join started
        on followed.account_id = started.account_id
        and followed.task_type = started.task_type
    group by followed.outcome, followed.task_type
),

wanted as (
    select
        named.task_type,
        asked_for.outcome
    from (
        select 'all' as task_type
        union all
        select list as task_type from cfg_list_limit
    ) as named
    cross join (values ('answer'), ('use'), ('renewal')) as asked_for (outcome)
),

judged as (
    select
        wanted.task_type,
        wanted.outcome,
        coalesce(counted.n_task, 0) as n_task,
        coalesce(counted.better_task, 0) as better_task,
        coalesce(counted.n_held_out, 0) as n_held_out,
        coalesce(counted.better_held_out, 0) as better_held_out,
        coalesce(counted.n_done, 0) as n_done,
        coalesce(counted.better_done, 0) as better_done,
        greatest(cfg_pipeline.minimum_n, 1) as minimum_n
    from cfg_pipeline
    cross join wanted
    left join counted
        on wanted.task_type = counted.task_type
        and wanted.outcome = counted.outcome
),

rated as (
    select
        *,
        least(n_task, n_held_out) < minimum_n as is_too_few,
        case when n_task >= minimum_n
            then cast(better_task as double) / n_task end as p,
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
