-- What one account did after its exposure, and before it, for one outcome of one
-- experiment: only accounts in exactly one arm that the pipeline knows, whose window is
-- over. An outcome of several units (answers) has their number beside their sum, so that
-- the account stays what was randomised. Days count from the exposure's own.
-- grain: experiment, outcome, account_id
-- columns:
--   experiment | text | - | experiment
--   outcome | text | - | outcome
--   account_id | text | key | account
--   arm | text | - | arm
--   is_control | boolean | - | the arm that others are compared with
--   value | decimal(18,6) | of the outcome | sum over the account's units after it
--   units | integer | units | 1, or how many answers
--   before_value | decimal(18,6) | of the outcome | the same before it; null where nobody
--     looked, or where the outcome has no before
with

ready as (
    select
        stg_exposure.*,
        cfg_experiment_arm.is_control,
        cfg_experiment_arm.window_days
    from stg_exposure
    inner join cfg_experiment_arm
        on stg_exposure.experiment = cfg_experiment_arm.experiment
        and stg_exposure.arm = cfg_experiment_arm.arm
    where stg_exposure.arms = 1
        and $as_of - stg_exposure.exposed_on >= cfg_experiment_arm.window_days
),

-- what use was there before is known only as far back as the feed goes
feed as (
    select min(day) as first_day
    from int_account_day
),

used as (
    select
        ready.experiment,
        ready.account_id,
        count(*) filter (where used_day.day >= ready.exposed_on) as active_days,
        count(*) filter (where used_day.day < ready.exposed_on) as active_days_before,
        coalesce(
            sum(used_day.events) filter (where used_day.day >= ready.exposed_on), 0
        ) as events,
        coalesce(sum(used_day.events) filter (where used_day.day < ready.exposed_on), 0)
            as events_before
    from ready
    inner join int_account_day as used_day
        on ready.account_id = used_day.account_id
        and used_day.day >= ready.exposed_on - ready.window_days
        and used_day.day < ready.exposed_on + ready.window_days
    group by ready.experiment, ready.account_id
),

paying as (
    select distinct
        ready.experiment,
        ready.account_id
    from ready
    inner join stg_subscription
        on ready.account_id = stg_subscription.account_id
        and stg_subscription.mrr > 0
        and stg_subscription.started_on <= ready.exposed_on + ready.window_days
        and coalesce(
            stg_subscription.ended_on > ready.exposed_on + ready.window_days, true
        )
),

answered as (
    select
        ready.experiment,
        ready.account_id,
        sum(answer.score) as score_sum,
        count(*) as answers
    from ready
    inner join int_survey_answer as answer
        on ready.account_id = answer.account_id
        and answer.metric = 'nps'
        and answer.responded_on >= ready.exposed_on
        and answer.responded_on < ready.exposed_on + ready.window_days
    group by ready.experiment, ready.account_id
),

measured as (
    select
        ready.experiment,
        cfg_experiment_outcome.outcome,
        ready.account_id,
        ready.arm,
        ready.is_control,
        cast(case cfg_experiment_outcome.outcome
            -- without any events nobody looked, and nobody used nothing
            when 'active_days' then
                case when feed.first_day is not null
                    then coalesce(used.active_days, 0)
                end
            when 'events' then
                case when feed.first_day is not null then coalesce(used.events, 0) end
            when 'is_paying' then case
                when not contract.is_declared then null
                when paying.account_id is null then 0
                else 1
            end
            when 'nps_score' then answered.score_sum
            when 'outcome' then ready.outcome
        end as decimal(18,6)) as value,
        case when cfg_experiment_outcome.outcome = 'nps_score' then answered.answers
            else 1 end as units,
        cast(case
            when cfg_experiment_outcome.outcome = 'outcome' then ready.outcome_before
            when coalesce(feed.first_day > ready.exposed_on - ready.window_days, true)
                then null
            when cfg_experiment_outcome.outcome = 'active_days'
                then coalesce(used.active_days_before, 0)
            when cfg_experiment_outcome.outcome = 'events'
                then coalesce(used.events_before, 0)
        end as decimal(18,6)) as before_value
    from feed
    cross join ready
    inner join cfg_experiment_outcome
        on ready.experiment = cfg_experiment_outcome.experiment
    inner join cfg_source as contract on contract.source_table = 'subscription'
    left join used
        on ready.experiment = used.experiment and ready.account_id = used.account_id
    left join paying
        on ready.experiment = paying.experiment and ready.account_id = paying.account_id
    left join answered
        on ready.experiment = answered.experiment
        and ready.account_id = answered.account_id
)

select experiment, outcome, account_id, arm, is_control, value, units, before_value
from measured
where value is not null
