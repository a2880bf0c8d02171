-- Figures given for too few answers, or withheld although there are enough.
-- severity: error
-- checks: survey_metric
select
    survey_metric.metric,
    survey_metric.kind,
    survey_metric.stage,
    survey_metric.role,
    survey_metric.dimension,
    survey_metric.dimension_value,
    survey_metric.n,
    survey_metric.value,
    survey_metric.is_too_few
from survey_metric
cross join cfg_pipeline
where survey_metric.is_too_few is null
    or survey_metric.is_too_few
        <> (survey_metric.n < greatest(cfg_pipeline.minimum_n, 1))
    or survey_metric.is_too_few <> (survey_metric.value is null)
    or survey_metric.is_too_few <> (survey_metric.low is null)
    or survey_metric.is_too_few <> (survey_metric.high is null)
    or (survey_metric.metric <> 'nps' and survey_metric.is_too_few)
        <> (survey_metric.metric <> 'nps' and survey_metric.mean is null)
