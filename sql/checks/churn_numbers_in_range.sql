-- Accounts whose churn probability is not a number strictly between 0 and 1, that have no
-- tier, or whose revenue at risk is not between nothing and all of it.
-- severity: error
-- checks: churn_risk
select
    account_id,
    churn_probability,
    tier,
    arr,
    arr_at_risk
from churn_risk
where not coalesce(churn_probability > 0 and churn_probability < 1, false)
    or tier is null
    or not coalesce(arr_at_risk between 0 and arr, false)
