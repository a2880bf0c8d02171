-- What a feature of paying accounts means, and whether a model may learn from it: only
-- where the extracts say what was known when. Where only today's state exists, the past
-- would be told what came later.
-- grain: feature
-- materialise: view
with

listed as (
    select * from int_use_feature_text
    union all
    select * from int_service_feature_text
    union all
    select * from int_contract_feature_text
)

select
    feature_number,
    feature,
    unit,
    history,
    history <> 'today' as is_for_training,
    source,
    meaning,
    missing_means
from listed
