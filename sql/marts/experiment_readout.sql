-- What an experiment showed: each arm beside the control arm, per outcome. Accounts were
-- randomised, so accounts are what is counted, however many people or answers they have.
-- Where it is known what the accounts did before, that is taken out (CUPED), which makes
-- the interval narrower without moving what it aims at. Arms that were not filled as
-- planned give no verdict, and a difference that could not have been seen is called
-- underpowered and not "no effect". Accounts whose window is not over are left out.
-- grain: experiment, outcome, arm
-- columns:
--   experiment | text | - | experiment
--   outcome | text | - | active_days, events, is_paying, nps_score or outcome
--   arm | text | - | arm compared with the control
--   control | text | - | the control arm
--   state | text | - | mismatch, running, too_few, effect, no_effect or underpowered
--   exposed | integer | accounts | accounts in exactly one known arm of the experiment
--   contaminated | integer | accounts | accounts in several arms, in none of the figures
--   unplanned | integer | accounts | accounts in an arm the pipeline does not know
--   sample_ratio_p | float | 0-1 | how often chance alone gives arms of these sizes
--   accounts | integer | accounts | of the arm, with their window over and a value
--   control_accounts | integer | accounts | of the control arm, likewise
--   units | integer | units | accounts, or answers, of the arm
--   mean | float | of the outcome | mean of the arm
--   control_mean | float | of the outcome | mean of the control arm
--   difference | float | of the outcome | mean - control_mean
--   difference_low | float | of the outcome | low end of its 95 % interval
--   difference_high | float | of the outcome | high end of its 95 % interval
--   method | text | - | cuped or plain: which figure decides about the state
--   effect | float | of the outcome | the difference that decides
--   effect_low | float | of the outcome | low end of its 95 % interval
--   effect_high | float | of the outcome | high end of its 95 % interval
--   relative_effect | float | - | effect / control_mean
--   variance_removed | float | 0-1 | of the plain difference's variance, by CUPED
--   detectable_effect | float | of the outcome | seen in four of five such experiments
--   relevant_effect | float | of the outcome | the smallest that matters
with

planned as (
    select
        cfg_experiment_outcome.experiment,
        cfg_experiment_outcome.outcome,
        cfg_experiment_outcome.relevant_effect,
        arm.arm,
        arm.mismatch_p,
        control.arm as control
    from cfg_experiment_outcome
    inner join cfg_experiment_arm as arm
        on cfg_experiment_outcome.experiment = arm.experiment and not arm.is_control
    inner join cfg_experiment_arm as control
        on cfg_experiment_outcome.experiment = control.experiment and control.is_control
),

figure as (
    select
        planned.*,
        found.accounts, found.control_accounts, found.units,
        found.mean, found.control_mean, found.difference, found.error, found.freedom,
        ratio.exposed, ratio.contaminated, ratio.unplanned, ratio.sample_ratio_p,
        found.adjusted is not null as is_adjusted,
        coalesce(found.adjusted, found.difference) as effect,
        case when found.adjusted is null then found.error else found.adjusted_error end
            as effect_error,
        case when found.adjusted is null then found.freedom
            else found.adjusted_freedom end
            as effect_freedom,
        coalesce(least(found.accounts, found.control_accounts), 0)
            < greatest(cfg_pipeline.minimum_n, 2) as is_too_few
    from cfg_pipeline
    cross join planned
    inner join cfg_source
        on cfg_source.source_table = 'exposure' and cfg_source.is_declared
    inner join int_experiment_ratio as ratio on planned.experiment = ratio.experiment
    left join int_experiment_difference as found
        on planned.experiment = found.experiment
        and planned.outcome = found.outcome
        and planned.arm = found.arm
),

-- the 97.5 % point of Student's distribution, by its expansion around the normal one
-- (Abramowitz and Stegun 26.7.5): right to three digits from five degrees of freedom on
spanned as (
    select
        *,
        -- where nothing varies there is no freedom, and no error
        coalesce(error * (
            1.959964 + 2.372271 / freedom + 2.822499 / power(freedom, 2)
            + 2.555850 / power(freedom, 3)
        ), error) as margin,
        coalesce(effect_error * (
            1.959964 + 2.372271 / effect_freedom + 2.822499 / power(effect_freedom, 2)
            + 2.555850 / power(effect_freedom, 3)
        ), effect_error) as effect_margin,
        -- 1.959964 for the interval and 0.841621 to be seen in four of five
        2.801585 * effect_error as detectable,
        relevant_effect * abs(control_mean) as relevant
    from figure
)

select
    experiment,
    outcome,
    arm,
    control,
    case
        when sample_ratio_p < cast(mismatch_p as double) then 'mismatch'
        when accounts is null and exposed > 0 then 'running'
        when is_too_few then 'too_few'
        when effect - effect_margin > 0 or effect + effect_margin < 0 then 'effect'
        when detectable > cast(relevant as double) then 'underpowered'
        else 'no_effect'
    end as state,
    exposed,
    contaminated,
    unplanned,
    sample_ratio_p,
    coalesce(accounts, 0) as accounts,
    coalesce(control_accounts, 0) as control_accounts,
    coalesce(units, 0) as units,
    mean,
    control_mean,
    case when not is_too_few then difference end as difference,
    case when not is_too_few then difference - margin end as difference_low,
    case when not is_too_few then difference + margin end as difference_high,
    case when accounts is null then null when is_adjusted then 'cuped' else 'plain' end
        as method,
    case when not is_too_few then effect end as effect,
    case when not is_too_few then effect - effect_margin end as effect_low,
    case when not is_too_few then effect + effect_margin end as effect_high,
    case when not is_too_few then effect / nullif(control_mean, 0) end as relative_effect,
    case
        when not is_too_few and is_adjusted
            then 1 - power(effect_error, 2) / nullif(power(error, 2), 0)
    end as variance_removed,
    case when not is_too_few then detectable end as detectable_effect,
    cast(relevant as double) as relevant_effect
from spanned
