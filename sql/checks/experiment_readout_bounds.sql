-- Verdicts that their own figures deny, intervals without their figure, and more accounts
-- than were exposed.
-- severity: error
-- checks: experiment_readout
select
    experiment,
    outcome,
    arm,
    state,
    accounts,
    effect,
    effect_low,
    effect_high
from experiment_readout
where accounts + control_accounts > exposed
    or sample_ratio_p not between 0 and 1
    or (difference is null) <> (difference_low is null)
    or difference < difference_low - 1e-9
    or difference > difference_high + 1e-9
    or effect < effect_low - 1e-9
    or effect > effect_high + 1e-9
    or (state = 'effect' and coalesce(effect_low <= 0 and effect_high >= 0, true))
    or (
        state in ('no_effect', 'underpowered')
        and coalesce(effect_low > 0 or effect_high < 0, true)
    )
    or (state = 'no_effect' and detectable_effect > relevant_effect)
    or state not in (
        'mismatch', 'running', 'too_few', 'effect', 'no_effect', 'underpowered'
    )
