-- Customers that pay and have no churn risk, or have one and do not pay.
-- severity: error
-- checks: churn_risk
select
    account_health.account_id as health_account_id,
    churn_risk.account_id as risk_account_id,
    account_health.mrr
from account_health
full outer join churn_risk on account_health.account_id = churn_risk.account_id
where account_health.account_id is null
    or (account_health.mrr > 0) <> (churn_risk.account_id is not null)
