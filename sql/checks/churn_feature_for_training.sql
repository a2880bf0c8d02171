-- A feature of the pipeline's churn model that no model may learn from, because only
-- today's state of it exists, or that is defined nowhere. A training stops here too.
-- severity: error
-- checks: int_churn_row
select
    cfg_churn_feature.feature,
    int_feature_text.history
from cfg_churn_feature
left join int_feature_text on cfg_churn_feature.feature = int_feature_text.feature
where int_feature_text.is_for_training is not true
