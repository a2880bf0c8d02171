-- How many accounts of one cohort were still there at one age, by one of three counts
-- that the field calls by one name: on_the_day (on that very day), bracket (on any day
-- after the age before, through that day) and on_or_after (on that day or any later one).
-- Each for accounts that pay and for accounts that use. A cohort is too young where an
-- account of it has not reached the age: the rate is then of those that have. on_or_after
-- can still grow for any cohort, because who is silent today may come back. The breakdown
-- is by the account's segment today.
-- grain: cohort_by, measure, variant, dimension, dimension_value, cohort_month, age_days
-- columns:
--   cohort_by | text | key | what begins the membership, as the pipeline names it
--   measure | text | - | paying or using
--   variant | text | - | on_the_day, bracket or on_or_after
--   dimension | text | - | segment, or all for the total
--   dimension_value | text | - | value of the attribute today, all for the total
--   cohort_month | date | first day | calendar month in which the accounts began
--   age_days | integer | days | age at which they are looked at
--   age_before | integer | days | the age before: a bracket begins on the next day
--   cohort_accounts | integer | accounts | accounts of the cohort
--   n | integer | accounts | of these, the age is reached and measured
--   retained | integer | accounts | of these, still there
--   rate | float | 0-1 | retained / n; null where is_too_few
--   rate_low | float | 0-1 | low end of its 95 % Wilson interval
--   rate_high | float | 0-1 | high end of its 95 % Wilson interval
--   is_too_few | boolean | - | n is below minimum_n
--   is_too_young | boolean | - | an account of the cohort has not reached the age
with

breakdown as (
    select
        int_cohort_age.*,
        int_account_dimension.dimension,
        int_account_dimension.dimension_value
    from int_cohort_age
    inner join int_account_dimension
        on int_cohort_age.account_id = int_account_dimension.account_id
    where int_account_dimension.dimension in ('all', 'segment')
),

counted as (
    select
        cohort_by,
        measure,
        dimension,
        dimension_value,
        cohort_month,
        age_days,
        age_before,
        count(*) as cohort_accounts,
        count(*) filter (where is_observed) as n,
        count(*) filter (where is_observed and on_day) as on_the_day,
        count(*) filter (where is_observed and in_bracket) as bracket,
        count(*) filter (where is_observed and on_or_after) as on_or_after,
        not bool_and(is_old_enough) as is_too_young
    from breakdown
    group by
        cohort_by,
        measure,
        dimension,
        dimension_value,
        cohort_month,
        age_days,
        age_before
),

varied as (
    select *, 'on_the_day' as variant, on_the_day as retained from counted
    union all
    select *, 'bracket' as variant, bracket as retained from counted
    union all
    select *, 'on_or_after' as variant, on_or_after as retained from counted
),

judged as (
    select
        varied.*,
        varied.n < cfg_pipeline.minimum_n as is_too_few
    from cfg_pipeline
    cross join varied
)

select
    cohort_by,
    measure,
    variant,
    dimension,
    dimension_value,
    cohort_month,
    age_days,
    age_before,
    cohort_accounts,
    n,
    retained,
    case when not is_too_few then cast(retained as double) / n end as rate,
    case when not is_too_few then wilson_low(retained, n) end as rate_low,
    case when not is_too_few then wilson_high(retained, n) end as rate_high,
    is_too_few,
    is_too_young
from judged
