-- One account in one experiment. Where it was put into several arms it counts in none,
-- because nobody can say which of them worked; of a repeated exposure the first counts.
-- grain: experiment, account_id
-- columns:
--   experiment | text | - | experiment
--   account_id | text | key | account
--   arm | text | - | arm; the first by name where there were several
--   arms | integer | arms | how many arms it was put into
--   exposed_on | date | day | the day of the exposure, in the pipeline's time zone
--   outcome | float | as measured | what the experiment's own tool measured after it
--   outcome_before | float | as measured | the same, of the time before it
with

arm as (
    select
        trim(experiment) as experiment,
        trim(account_id) as account_id,
        min(trim(arm)) as arm,
        count(distinct trim(arm)) as arms
    from raw_exposure
    where trim(experiment) <> '' and trim(account_id) <> '' and trim(arm) <> ''
    group by trim(experiment), trim(account_id)
),

earliest as (
    select
        trim(experiment) as experiment,
        trim(account_id) as account_id,
        local_day(exposed_at) as exposed_on,
        outcome,
        outcome_before
    from raw_exposure
    where trim(arm) <> ''
    qualify row_number() over (
        partition by trim(experiment), trim(account_id)
        order by
            exposed_at nulls last,
            outcome nulls last,
            outcome_before nulls last
    ) = 1
)

select
    arm.experiment,
    arm.account_id,
    arm.arm,
    arm.arms,
    earliest.exposed_on,
    earliest.outcome,
    earliest.outcome_before
from arm
inner join earliest
    on arm.experiment = earliest.experiment and arm.account_id = earliest.account_id
