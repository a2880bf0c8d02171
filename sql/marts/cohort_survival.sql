-- How large a share of the accounts whose first paid contract began in one quarter
-- still pays without a break at one age, by the product-limit estimate of Kaplan and
-- Meier: who is younger than the age counts as long as it has been seen, so that young
-- cohorts are neither left out nor taken for loyal. Interval on the log-log scale,
-- which stays within 0 and 1. Null where fewer accounts than the pipeline's minimum are
-- left to lose.
-- grain: cohort, dimension, dimension_value, age_months
-- columns:
--   cohort | text | key | quarter of the first paid contract, as 2026-Q1; all
--   dimension | text | - | segment, or all for the total
--   dimension_value | text | - | the segment today, all for the total
--   age_months | integer | months | age since the first paid contract began
--   accounts | integer | accounts | accounts of the cohort
--   at_risk | integer | accounts | seen up to this age, and not lost before it
--   lost | integer | accounts | lost at this age
--   censored | integer | accounts | last seen at this age, still paying
--   censored_before | integer | accounts | last seen, still paying, at a younger age
--   survival | float | 0-1 | estimated share that still pays after this age
--   standard_error | float | 0-1 | Greenwood's, of survival
--   survival_low | float | 0-1 | its 95 % interval; null before the first loss
--   survival_high | float | 0-1 | its 95 % interval; null before the first loss
--   is_too_few | boolean | - | fewer at risk than minimum_n: the estimates are null
with

-- sums of decimals: the engine may walk a window from its other end
summed as (
    select
        *,
        sum(case
            when at_risk > lost
                then cast(ln(cast(at_risk - lost as double) / at_risk) as decimal(38, 18))
        end) over (
            partition by cohort, dimension, dimension_value order by age_months
            rows between unbounded preceding and current row
        ) as log_survival,
        sum(case
            when at_risk > lost
                then cast(
                    cast(lost as double) / at_risk / (at_risk - lost) as decimal(38, 18)
                )
        end) over (
            partition by cohort, dimension, dimension_value order by age_months
            rows between unbounded preceding and current row
        ) as greenwood
    from int_survival_exposure
),

estimated as (
    select
        *,
        -- once all at risk are lost nobody is older
        case when at_risk > lost then exp(cast(log_survival as double)) else 0.0 end
            as survival,
        sqrt(cast(greenwood as double)) as relative_error
    from summed
),

judged as (
    select
        estimated.*,
        estimated.at_risk < cfg_pipeline.minimum_n as is_too_few,
        estimated.survival > 0 and estimated.relative_error > 0 as has_interval,
        1.959964 * estimated.relative_error / abs(ln(estimated.survival)) as spread
    from cfg_pipeline
    cross join estimated
)

select
    cohort,
    dimension,
    dimension_value,
    age_months,
    accounts,
    at_risk,
    lost,
    censored,
    censored_before,
    case when not is_too_few then survival end as survival,
    case when not is_too_few and survival > 0 then survival * relative_error end
        as standard_error,
    case when not is_too_few and has_interval then power(survival, exp(spread)) end
        as survival_low,
    case when not is_too_few and has_interval then power(survival, exp(-spread)) end
        as survival_high,
    is_too_few
from judged
