-- Survival that leaves its bounds: rising with age, outside its interval, more lost
-- than at risk, accounts that are nowhere, segments or cohorts that do not sum to the
-- total.
-- severity: error
-- checks: cohort_survival
with

compared as (
    select
        *,
        lag(survival) over (
            partition by cohort, dimension, dimension_value order by age_months
        ) as survival_before,
        lag(at_risk - lost - censored) over (
            partition by cohort, dimension, dimension_value order by age_months
        ) as expected_at_risk,
        sum(case when dimension = 'all' then lost else -lost end) over (
            partition by cohort, age_months
        ) as lost_over,
        sum(case when cohort = 'all' then lost else -lost end) over (
            partition by dimension, dimension_value, age_months
        ) as lost_over_cohorts
    from cohort_survival
)

select
    cohort,
    dimension,
    dimension_value,
    age_months,
    at_risk,
    lost,
    survival
from compared
where lost > at_risk
    or at_risk > accounts
    or at_risk <> coalesce(expected_at_risk, accounts)
    or survival not between 0 and 1
    or survival > survival_before + 1e-12
    or survival_low > survival + 1e-12
    or survival_high < survival - 1e-12
    or is_too_few <> (survival is null)
    or lost_over <> 0
    or lost_over_cohorts <> 0
