-- Answers that cannot count: a score outside its metric's scale, or a metric that the
-- pipeline has no scale for.
-- grain: source_table, check_name
with

counts as (
    select
        count(*) as answers,
        count(*) filter (where cfg_survey_metric.metric is null) as without_scale,
        count(*) filter (
            where cfg_survey_metric.metric is not null
            and stg_survey_response.score is not null
        ) as scored,
        count(*) filter (
            where stg_survey_response.score < cfg_survey_metric.scale_min
            or stg_survey_response.score > cfg_survey_metric.scale_max
        ) as out_of_scale
    from stg_survey_response
    left join cfg_survey_metric on stg_survey_response.metric = cfg_survey_metric.metric
),

checked as (
    select
        'score_out_of_scale' as check_name,
        scored as rows_checked,
        out_of_scale as rows_failed,
        'answers with a score outside the scale of their metric; they do not count'
            as message
    from counts
    union all
    select
        'metric_unknown',
        answers,
        without_scale,
        'answers to a metric without a scale in the pipeline; they do not count'
    from counts
)

select
    cfg_source.source_table,
    checked.check_name,
    'warn' as severity,
    checked.rows_checked,
    checked.rows_failed,
    checked.message
from checked
cross join cfg_source
where cfg_source.source_table = 'survey_response' and cfg_source.is_declared
