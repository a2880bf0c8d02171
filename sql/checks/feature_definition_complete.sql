-- A feature of the scorecard, or one that an account has, that feature_definition does
-- not define, or that is known of more accounts than there are.
-- severity: error
-- checks: feature_definition
select
    int_risk_feature.feature,
    count(*) as accounts
from int_risk_feature
left anti join feature_definition
    on int_risk_feature.feature = feature_definition.feature
group by int_risk_feature.feature
union all
select
    cfg_risk_factor.feature,
    count(*) as accounts
from cfg_risk_factor
left anti join feature_definition
    on cfg_risk_factor.feature = feature_definition.feature
group by cfg_risk_factor.feature
union all
select
    feature,
    known_accounts as accounts
from feature_definition
where known_accounts > accounts
