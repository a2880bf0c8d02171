-- Accounts of high risk, higher than an average account's, without a reason: nobody can
-- act on a bare number.
-- severity: error
-- checks: churn_risk
select
    account_id,
    churn_probability
from churn_risk
where tier = 'high'
    and coalesce(churn_probability > base_probability, true)
    and coalesce(array_length(reasons), 0) = 0
