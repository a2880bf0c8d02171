-- Accounts whose base probability and contributions do not sum to the probability, or
-- that have reasons and no probability; all in millionths, without a tolerance.
-- severity: error
-- checks: churn_reason
with

added as (
    select
        account_id,
        sum(contribution) as contribution
    from churn_reason
    group by account_id
)

select
    coalesce(churn_risk.account_id, added.account_id) as account_id,
    churn_risk.churn_probability,
    churn_risk.base_probability,
    added.contribution
from churn_risk
full outer join added on churn_risk.account_id = added.account_id
where churn_risk.account_id is null
    or cast(churn_risk.base_probability as decimal(9,6)) + coalesce(added.contribution, 0)
        <> cast(churn_risk.churn_probability as decimal(9,6))
