-- What one score said of one account at a past month-end: how dangerous, so that more is
-- worse for health and for risk alike, and whether that was an alarm (health red, risk
-- high) or all clear (health green, risk low). An account without a score is not there.
-- grain: score_name, cutoff_on, account_id
-- columns:
--   score_name | text | - | health_score or churn_probability
--   cutoff_on | date | day | the month-end
--   account_id | text | key | account
--   danger | float | - | the score, or less the score: more is worse
--   is_alarm | boolean | - | red, or high
--   is_clear | boolean | - | green, or low
--   is_lost | boolean | - | lost within the horizon
select
    'health_score' as score_name,
    cutoff_on,
    account_id,
    -health_score as danger,
    health_tier = 'red' as is_alarm,
    health_tier = 'green' as is_clear,
    is_lost
from int_backtest_case
where health_score is not null
union all
select
    'churn_probability' as score_name,
    cutoff_on,
    account_id,
    churn_probability as danger,
    coalesce(risk_tier = 'high', false) as is_alarm,
    coalesce(risk_tier = 'low', false) as is_clear,
    is_lost
from int_backtest_case
where churn_probability is not null
