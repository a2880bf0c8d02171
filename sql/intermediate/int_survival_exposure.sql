-- Accounts of one cohort that could be lost at one age, and were: at every age from 0
-- to the oldest that was seen, also where nothing happened.
-- grain: cohort, dimension, dimension_value, age_months
-- columns:
--   cohort | text | key | quarter of the first paid contract, as 2026-Q1; all
--   dimension | text | - | segment, or all for the total
--   dimension_value | text | - | the segment today, all for the total
--   age_months | integer | months | age since the first paid contract began
--   lost | integer | accounts | lost at this age
--   censored | integer | accounts | last seen at this age, still paying
--   accounts | integer | accounts | accounts of the cohort
--   at_risk | integer | accounts | seen up to this age, and not lost before it
--   censored_before | integer | accounts | last seen, still paying, at a younger age
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
)

select
    cohort,
    dimension,
    dimension_value,
    age_months,
    lost,
    censored,
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
