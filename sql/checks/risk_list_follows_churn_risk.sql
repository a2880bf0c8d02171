-- Rows of the risk list without a churn risk of the same probability and tier, and
-- accounts of a listed tier that the list does not have.
-- severity: error
-- checks: risk_list
with

expected as (
    select
        churn_risk.account_id,
        churn_risk.churn_probability,
        churn_risk.tier
    from churn_risk
    inner join cfg_list on cfg_list.list = 'risk' and churn_risk.tier = cfg_list.tier
)

select
    risk_list.account_id as listed_account_id,
    expected.account_id as risk_account_id
from risk_list
full outer join expected on risk_list.account_id = expected.account_id
where risk_list.account_id is null
    or expected.account_id is null
    or risk_list.tier <> expected.tier
    or risk_list.churn_probability <> expected.churn_probability
