-- A tenth of the accounts at past month-ends, by how dangerous a score said they were,
-- and how many of them were lost within the horizon. Of equal scores the account comes
-- first, then the month-end, so that tenths are of one size and may part equals.
-- grain: score_name, decile
-- columns:
--   score_name | text | key | health_score or churn_probability
--   decile | integer | - | 1 = most dangerous
--   cases | integer | cases | accounts at month-ends in this tenth
--   losses | integer | cases | of these, lost within the horizon
--   loss_rate | float | 0-1 | losses of cases
--   loss_rate_low | float | 0-1 | lower end of Wilson's interval, as if independent
--   loss_rate_high | float | 0-1 | upper end
--   score_from | float | score | lowest score in it, as published
--   score_to | float | score | highest
with

placed as (
    select
        score_name,
        is_lost,
        case when score_name = 'health_score' then -danger else danger end as score,
        ntile(10) over (
            partition by score_name
            order by danger desc, account_id, cutoff_on
        ) as decile
    from int_backtest_score
)

select
    score_name,
    cast(decile as bigint) as decile,
    count(*) as cases,
    count(*) filter (where is_lost) as losses,
    cast(count(*) filter (where is_lost) as double) / count(*) as loss_rate,
    wilson_low(count(*) filter (where is_lost), count(*)) as loss_rate_low,
    wilson_high(count(*) filter (where is_lost), count(*)) as loss_rate_high,
    min(score) as score_from,
    max(score) as score_to
from placed
group by score_name, decile
