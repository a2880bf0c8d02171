-- How early there was an alarm: of the accounts that were lost, and of their revenue, the
-- part of which health was red, or risk high, so many days before. What was said then is
-- that of the newest month-end on or before that day, if it is not older than 31 days.
-- Losses of which nothing was said then are counted apart.
-- grain: score_name, days_before, currency
-- columns:
--   score_name | text | key | health_score or churn_probability
--   days_before | integer | days | 30, 60, 90 or 180
--   currency | text | ISO 4217 | currency of the amounts
--   losses | integer | accounts | lost accounts with a score then
--   alarmed_losses | integer | accounts | of these, with an alarm then
--   lost_arr | decimal(38,4) | currency/year | revenue then, of the losses
--   alarmed_arr | decimal(38,4) | currency/year | of this, with an alarm
--   alarmed_arr_share | float | 0-1 | alarmed_arr of lost_arr
--   unscored_losses | integer | accounts | lost accounts without a score then
with

-- a loss is a day: an account that came back and left again is lost twice
loss as (
    select distinct
        account_id,
        lost_on
    from int_backtest_case
    where lost_on is not null
),

lead_time as (
    select days_before from (values (30), (60), (90), (180)) as listed (days_before)
),

said as (
    select
        loss.account_id,
        loss.lost_on,
        lead_time.days_before,
        int_backtest_case.cutoff_on,
        int_backtest_case.health_score,
        int_backtest_case.health_tier,
        int_backtest_case.risk_tier,
        int_backtest_case.arr,
        int_backtest_case.currency
    from lead_time
    cross join loss
    inner join int_backtest_case
        on loss.account_id = int_backtest_case.account_id
        and loss.lost_on = int_backtest_case.lost_on
        and int_backtest_case.cutoff_on <= loss.lost_on - lead_time.days_before
        and int_backtest_case.cutoff_on > loss.lost_on - lead_time.days_before - 31
    qualify row_number() over (
        partition by loss.account_id, loss.lost_on, lead_time.days_before
        order by int_backtest_case.cutoff_on desc
    ) = 1
),

judged as (
    select
        'health_score' as score_name,
        days_before,
        currency,
        arr,
        health_score is not null as is_scored,
        health_tier = 'red' as is_alarm
    from said
    union all
    select
        'churn_probability' as score_name,
        days_before,
        currency,
        arr,
        risk_tier is not null as is_scored,
        coalesce(risk_tier = 'high', false) as is_alarm
    from said
),

summed as (
    select
        score_name,
        days_before,
        currency,
        count(*) filter (where is_scored) as losses,
        count(*) filter (where is_scored and is_alarm) as alarmed_losses,
        coalesce(sum(cast(arr as decimal(38,4))) filter (where is_scored), 0) as lost_arr,
        coalesce(
            sum(cast(arr as decimal(38,4))) filter (where is_scored and is_alarm), 0
        ) as alarmed_arr,
        count(*) filter (where not is_scored) as unscored_losses
    from judged
    group by score_name, days_before, currency
)

select
    score_name,
    days_before,
    currency,
    losses,
    alarmed_losses,
    cast(lost_arr as decimal(38,4)) as lost_arr,
    cast(alarmed_arr as decimal(38,4)) as alarmed_arr,
    case when lost_arr > 0 then cast(alarmed_arr as double) / cast(lost_arr as double) end
        as alarmed_arr_share,
    unscored_losses
from summed
