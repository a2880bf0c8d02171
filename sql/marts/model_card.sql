-- One line of what is known of a churn model: what it was trained on and how good it is,
-- judged on past quarters that were each forecast from what lay before them. `champion`
-- is the model in charge, `newest` the last training, whether or not it took charge.
-- Figures of which too little is known are null. Without any training there is one line
-- that says so.
-- grain: model_role, metric, dimension, dimension_value
-- columns:
--   model_role | text | - | champion or newest
--   metric | text | - | what is measured; verdict and decision are sentences
--   dimension | text | - | what it is broken down by; all for the total
--   dimension_value | text | - | value of that; all for the total
--   model | text | - | logistic, blend, boosting, scorecard; none: nothing was learned
--   model_version | text | - | names the file of the training
--   trained_as_of | date | day | the day it was trained for
--   value | float | - | the figure; days are counted from 1970-01-01
--   low | float | - | lower end of the 95 % interval, accounts drawn again
--   high | float | - | upper end
--   n | integer | - | rows behind it: an account at a cutoff is one
--   events | integer | - | rows among them whose account was lost within the horizon
--   note | text | - | in words
select
    model_role,
    metric,
    dimension,
    dimension_value,
    kind as model,
    version as model_version,
    trained_as_of,
    value,
    low,
    high,
    n,
    events,
    nullif(note, '') as note
from cfg_churn_card
union all
select
    'champion' as model_role,
    'verdict' as metric,
    'all' as dimension,
    'all' as dimension_value,
    cfg_risk.model,
    cfg_risk.version as model_version,
    cast(null as date) as trained_as_of,
    cast(null as double) as value,
    cast(null as double) as low,
    cast(null as double) as high,
    cast(null as bigint) as n,
    cast(null as bigint) as events,
    case cfg_pipeline.language
        when 'ja' then 'モデルは未学習である。専門家の点数表（未較正）が解約確率を算出している。'
        else 'No model has been trained yet (kenko train). The scorecard of the pipeline '
            || 'is in charge: an expert''s judgement, not calibrated on this company.'
    end as note
from cfg_risk
cross join cfg_pipeline
where not exists (select 1 from cfg_churn_card)
