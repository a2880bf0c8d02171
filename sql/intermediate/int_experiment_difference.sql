-- One arm beside the control arm in one outcome: the plain difference of the means, and
-- the one that takes out what the accounts did before (CUPED: Deng, Xu, Kohavi and
-- Walker 2013), each with its error and its degrees of freedom (Welch 1947).
-- grain: experiment, outcome, arm
-- columns:
--   experiment | text | - | experiment
--   outcome | text | - | outcome
--   arm | text | - | arm
--   accounts | integer | accounts | accounts of the arm
--   control_accounts | integer | accounts | accounts of the control arm
--   units | integer | units | accounts or answers of the arm
--   control_units | integer | units | of the control arm
--   mean | float | of the outcome | of the arm
--   control_mean | float | of the outcome | of the control arm
--   difference | float | of the outcome | mean - control_mean
--   error | float | of the outcome | standard error of the difference
--   freedom | float | - | degrees of freedom of its interval
--   adjusted | float | of the outcome | difference with CUPED; null without a before
--   adjusted_error | float | of the outcome | standard error of that
--   adjusted_freedom | float | - | degrees of freedom of its interval
with

paired as (
    select
        treated.experiment,
        treated.outcome,
        treated.arm,
        treated.accounts,
        control.accounts as control_accounts,
        treated.units,
        control.units as control_units,
        treated.mean,
        control.mean as control_mean,
        treated.error_square,
        control.error_square as control_error_square,
        treated.before_mean - control.before_mean as before_difference,
        -- one slope for both arms; none where nothing varied before
        (treated.common_spread + control.common_spread)
            / nullif(treated.before_spread + control.before_spread, 0) as slope,
        treated.spread,
        treated.before_spread,
        treated.common_spread,
        control.spread as control_spread,
        control.before_spread as control_before_spread,
        control.common_spread as control_common_spread
    from int_experiment_arm as treated
    inner join int_experiment_arm as control
        on treated.experiment = control.experiment
        and treated.outcome = control.outcome
        and control.is_control
    where not treated.is_control
),

adjusted as (
    select
        *,
        -- rounding may leave less than nothing over; without a slope there is none
        case
            when slope is not null then greatest(
                spread - 2 * slope * common_spread + slope * slope * before_spread, 0.0
            ) / nullif(accounts * (accounts - 1), 0)
        end as adjusted_square,
        case
            when slope is not null then greatest(
                control_spread - 2 * slope * control_common_spread
                + slope * slope * control_before_spread,
                0.0
            ) / nullif(control_accounts * (control_accounts - 1), 0)
        end as control_adjusted_square
    from paired
)

select
    experiment,
    outcome,
    arm,
    accounts,
    control_accounts,
    units,
    control_units,
    mean,
    control_mean,
    mean - control_mean as difference,
    sqrt(error_square + control_error_square) as error,
    power(error_square + control_error_square, 2) / nullif(
        power(error_square, 2) / (accounts - 1)
        + power(control_error_square, 2) / (control_accounts - 1),
        0
    ) as freedom,
    mean - control_mean - slope * before_difference as adjusted,
    sqrt(adjusted_square + control_adjusted_square) as adjusted_error,
    power(adjusted_square + control_adjusted_square, 2) / nullif(
        power(adjusted_square, 2) / (accounts - 1)
        + power(control_adjusted_square, 2) / (control_accounts - 1),
        0
    ) as adjusted_freedom
from adjusted
where accounts > 1 and control_accounts > 1
