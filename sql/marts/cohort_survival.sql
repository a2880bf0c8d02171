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

valued as (
    select
        int_survival_age.age_months,
        int_survival_age.is_lost,
        case when shown.is_cohort then int_survival_age.cohort else 'all' end as cohort,
        shown.dimension,
        case shown.dimension when 'all' then 'all' else int_survival_age.segment end
            as dimension_value
    from (
        values (true, 'all'), (true, 'segment'), (false, 'all'), (false, 'segment')
    ) as shown (is_cohort, dimension)
    cross join int_survival_age
),

counted as (
    select
        cohort,
        dimension,
        dimension_value,
        age_months,
        count(*) filter (where is_lost) as lost,
        count(*) filter (where not is_lost) as censored
    from valued
    group by cohort, dimension, dimension_value, age_months
),

age as (
    select
        cohort,
        dimension,
        dimension_value,
        unnest(range(0, max(age_months) + 1)) as age_months
    from counted
    group by cohort, dimension, dimension_value
),

-- every age from 0 on, also those at which nothing happened
filled as (
    select
        age.*,
        coalesce(counted.lost, 0) as lost,
        coalesce(counted.censored, 0) as censored
    from age
    left join counted
        on
            age.cohort = counted.cohort
            and age.dimension = counted.dimension
            and age.dimension_value = counted.dimension_value
            and age.age_months = counted.age_months
),

exposed as (
    select
        *,
        sum(lost + censored) over (
            partition by cohort, dimension, dimension_value
        ) as accounts,
        -- counted from the oldest: whoever is seen at this age or later
        sum(lost + censored) over (
            partition by cohort, dimension, dimension_value order by age_months desc
            rows between unbounded preceding and current row
        ) as at_risk,
        sum(censored) over (
            partition by cohort, dimension, dimension_value order by age_months
            rows between unbounded preceding and current row
        ) - censored as censored_before
    from filled
),

estimated as (
    select
        *,
        exp(sum(ln(cast(at_risk - lost as double) / at_risk)) over (
            partition by cohort, dimension, dimension_value order by age_months
            rows between unbounded preceding and current row
        )) as survival,
        -- Greenwood's sum; without a meaning once nobody is left
        sum(case
            when at_risk > lost then cast(lost as double) / at_risk / (at_risk - lost)
        end) over (
            partition by cohort, dimension, dimension_value order by age_months
            rows between unbounded preceding and current row
        ) as greenwood
    from exposed
),

judged as (
    select
        estimated.*,
        estimated.at_risk < cfg_pipeline.minimum_n as is_too_few,
        estimated.survival > 0 and estimated.survival < 1 as has_interval,
        1.959964 * sqrt(estimated.greenwood) / abs(ln(estimated.survival)) as spread
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
    case when not is_too_few and survival > 0 then survival * sqrt(greenwood) end
        as standard_error,
    case when not is_too_few and has_interval then power(survival, exp(spread)) end
        as survival_low,
    case when not is_too_few and has_interval then power(survival, exp(-spread)) end
        as survival_high,
    is_too_few
from judged
