-- An account of which health said green at a past month-end, and that was lost within the
-- horizon all the same: by name, because each of them is a question to the score. Of
-- several such month-ends before one loss the last one is shown.
-- grain: account_id, lost_on
-- columns:
--   account_id | text | key | the account
--   lost_on | date | day | first day without a paid contract
--   account_name | text | - | its name
--   owner_id | text | key | the person of ours who owned it then
--   cutoff_on | date | day | the last month-end at which it was green
--   days_before | integer | days | from there to the loss
--   health_score | float | 0-100 | health then
--   churn_probability | float | 0-1 | churn risk then
--   risk_tier | text | - | its tier
--   arr | decimal(38,4) | currency/year | annual recurring revenue then
--   currency | text | ISO 4217 | currency of arr
--   green_cutoffs | integer | month-ends | how many said green within the horizon
select
    account_id,
    lost_on,
    account_name,
    owner_id,
    cutoff_on,
    lost_on - cutoff_on as days_before,
    health_score,
    churn_probability,
    risk_tier,
    arr,
    currency,
    count(*) over (partition by account_id, lost_on) as green_cutoffs
from int_backtest_case
where is_lost and health_tier = 'green'
qualify row_number() over (
    partition by account_id, lost_on
    order by cutoff_on desc
) = 1
