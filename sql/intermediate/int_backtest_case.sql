-- One paying account at a past month-end, with what was said of it then and what happened
-- afterwards. Said are the scores of a run as of that day; what happened follows from
-- today's contracts. Lost is an account on the first day without any paid contract. A
-- month-end counts when the horizon after it is over; accounts that today's contracts do
-- not show as paying then are left out, because nothing can be said of their loss.
-- grain: cutoff_on, account_id
-- columns:
--   cutoff_on | date | day | the month-end
--   account_id | text | key | account
--   account_name | text | - | its name
--   owner_id | text | key | the person of ours who owned it, as the run of that day says
--   health_score | float | 0-100 | health then; null below the coverage floor
--   health_tier | text | - | its tier; insufficient without a score
--   churn_probability | float | 0-1 | churn risk then
--   risk_tier | text | - | its tier
--   arr | decimal(38,4) | currency/year | annual recurring revenue then
--   currency | text | ISO 4217 | currency of arr
--   lost_on | date | day | first day without a paid contract; null where none is
--   is_lost | boolean | - | lost within the horizon
select
    past_churn_risk.as_of as cutoff_on,
    past_churn_risk.account_id,
    past_account_health.account_name,
    past_account_health.owner_id,
    past_account_health.score as health_score,
    coalesce(past_account_health.tier, 'insufficient') as health_tier,
    past_churn_risk.churn_probability,
    past_churn_risk.tier as risk_tier,
    past_churn_risk.arr,
    past_churn_risk.currency,
    int_paid_run.ended_on as lost_on,
    coalesce(
        int_paid_run.ended_on <= past_churn_risk.as_of + cfg_risk.horizon_days, false
    ) as is_lost
from cfg_risk
cross join past_churn_risk
inner join int_paid_run
    on past_churn_risk.account_id = int_paid_run.account_id
    and past_churn_risk.as_of >= int_paid_run.started_on
    and past_churn_risk.as_of < coalesce(int_paid_run.ended_on, date '9999-12-31')
left join past_account_health
    on past_churn_risk.as_of = past_account_health.as_of
    and past_churn_risk.account_id = past_account_health.account_id
where past_churn_risk.as_of + cfg_risk.horizon_days <= $as_of
