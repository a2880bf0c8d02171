-- Cohorts whose shares leave their bounds: more retained than observed, more observed
-- than there are, a rate outside its interval or given where there are too few, segments
-- that do not sum to the total, a day that is not part of its bracket or of what comes
-- after it, or more who are there later than there were before.
-- severity: error
-- checks: cohort_retention
with

compared as (
    select
        *,
        max(case when variant = 'on_the_day' then retained end) over (
            partition by
                cohort_by, measure, dimension, dimension_value, cohort_month, age_days
        ) as retained_on_the_day,
        lag(retained) over (
            partition by
                cohort_by, measure, variant, dimension, dimension_value, cohort_month
            order by age_days
        ) as retained_before,
        lag(n) over (
            partition by
                cohort_by, measure, variant, dimension, dimension_value, cohort_month
            order by age_days
        ) as n_before,
        sum(case when dimension = 'all' then retained else -retained end) over (
            partition by cohort_by, measure, variant, cohort_month, age_days
        ) as retained_over,
        sum(case when dimension = 'all' then n else -n end) over (
            partition by cohort_by, measure, variant, cohort_month, age_days
        ) as n_over
    from cohort_retention
)

select
    cohort_by,
    measure,
    variant,
    dimension,
    dimension_value,
    cohort_month,
    age_days,
    n,
    retained
from compared
where retained < 0
    or retained > n
    or n > cohort_accounts
    or cohort_accounts < 1
    or age_before >= age_days
    or is_too_few <> (rate is null)
    or rate_low > rate + 1e-12
    or rate_high < rate - 1e-12
    or retained < retained_on_the_day
    or (
        variant = 'on_or_after'
        and n = cohort_accounts
        and n_before = cohort_accounts
        and retained > retained_before
    )
    or retained_over <> 0
    or n_over <> 0
