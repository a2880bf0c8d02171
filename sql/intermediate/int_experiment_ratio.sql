-- Whether the arms of an experiment have as many accounts as planned, by Pearson's
-- chi-square test over every exposure, its window over or not. Arms that differ by more
-- than chance were not filled at random, whatever the cause, and nothing can be read off
-- them.
-- grain: experiment
-- columns:
--   experiment | text | - | experiment
--   exposed | integer | accounts | accounts in exactly one known arm
--   contaminated | integer | accounts | accounts in several arms
--   unplanned | integer | accounts | accounts in an arm that the pipeline does not know
--   sample_ratio_p | float | 0-1 | how often chance alone gives such numbers
with

known as (
    select distinct experiment
    from cfg_experiment_arm
),

exposed as (
    select
        stg_exposure.experiment,
        count(*) filter (where stg_exposure.arms > 1) as contaminated,
        count(*) filter (where stg_exposure.arms = 1 and cfg_experiment_arm.arm is null)
            as unplanned,
        count(*) filter (
            where stg_exposure.arms = 1 and cfg_experiment_arm.arm is not null
        ) as exposed
    from stg_exposure
    left join cfg_experiment_arm
        on stg_exposure.experiment = cfg_experiment_arm.experiment
        and stg_exposure.arm = cfg_experiment_arm.arm
    group by stg_exposure.experiment
),

by_arm as (
    select
        experiment,
        arm,
        count(*) as accounts
    from stg_exposure
    where arms = 1
    group by experiment, arm
),

expected as (
    select
        cfg_experiment_arm.experiment,
        coalesce(by_arm.accounts, 0) as accounts,
        exposed.exposed * cfg_experiment_arm.share as expected_times_shares,
        cfg_experiment_arm.shares
    from cfg_experiment_arm
    inner join exposed on cfg_experiment_arm.experiment = exposed.experiment
    left join by_arm
        on cfg_experiment_arm.experiment = by_arm.experiment
        and cfg_experiment_arm.arm = by_arm.arm
    where exposed.exposed > 0
),

tested as (
    select
        experiment,
        count(*) - 1 as degrees,
        -- in whole billionths, so that no order of arms matters
        cast(sum(cast(round(
            1000000000.0
            * power(cast(accounts * shares - expected_times_shares as double), 2)
            / (cast(expected_times_shares as double) * shares)
        ) as decimal(38,0))) as double) / 1000000000 as statistic
    from expected
    group by experiment
)

select
    known.experiment,
    coalesce(exposed.exposed, 0) as exposed,
    coalesce(exposed.contaminated, 0) as contaminated,
    coalesce(exposed.unplanned, 0) as unplanned,
    chi_square_p(tested.statistic, tested.degrees) as sample_ratio_p
from known
left join exposed on known.experiment = exposed.experiment
left join tested on known.experiment = tested.experiment
