-- The accounts of one arm in one outcome, in one row: mean, the error of the mean
-- clustered by account, and how outcome and time before go together. For an outcome of
-- one unit an account the error is the usual one; for several it is that of a ratio.
-- grain: experiment, outcome, arm
-- columns:
--   experiment | text | - | experiment
--   outcome | text | - | outcome
--   arm | text | - | arm
--   is_control | boolean | - | the arm that others are compared with
--   accounts | integer | accounts | accounts whose window is over, with a value
--   units | integer | units | accounts, or answers
--   mean | float | of the outcome | sum of values / units
--   error_square | float | square of it | variance of the mean; null for one account
--   before_mean | float | of the outcome | mean before; null where any is not known
--   spread | float | square of it | sum of squares of value around its mean
--   before_spread | float | square of it | the same of the time before
--   common_spread | float | square of it | sum of products of both
with

-- sums of decimals, so that no order of rows matters
summed as (
    select
        experiment,
        outcome,
        arm,
        bool_or(is_control) as is_control,
        count(*) as accounts,
        sum(units) as units,
        cast(sum(cast(value as decimal(38,6))) as double) as y,
        cast(sum(cast(value * value as decimal(38,8))) as double) as yy,
        cast(sum(units * units) as double) as nn,
        cast(sum(cast(value * units as decimal(38,6))) as double) as yn,
        count(before_value) = count(*) and max(units) = 1 as has_before,
        cast(sum(cast(before_value as decimal(38,6))) as double) as x,
        cast(sum(cast(before_value * before_value as decimal(38,8))) as double) as xx,
        cast(sum(cast(value * before_value as decimal(38,8))) as double) as xy
    from int_experiment_account
    group by experiment, outcome, arm
)

select
    experiment,
    outcome,
    arm,
    is_control,
    accounts,
    units,
    y / units as mean,
    case
        when accounts > 1 then greatest(
            (yy - 2 * (y / units) * yn + (y / units) * (y / units) * nn)
            / (cast(units as double) * units)
            * accounts / (accounts - 1),
            0.0
        )
    end as error_square,
    case when has_before then x / accounts end as before_mean,
    case when has_before then greatest(yy - y * y / accounts, 0.0) end as spread,
    case when has_before then greatest(xx - x * x / accounts, 0.0) end as before_spread,
    case when has_before then xy - x * y / accounts end as common_spread
from summed
