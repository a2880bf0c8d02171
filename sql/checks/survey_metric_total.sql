-- Kinds whose totals are not the answers that count within the history, and dimensions,
-- stages or roles that do not sum to the total: no answer is lost or counted twice, and
-- no kind enters another.
-- severity: error
-- checks: survey_metric
with

expected as (
    select
        int_survey_answer.metric,
        int_survey_answer.kind,
        count(*) as n
    from int_survey_answer
    inner join cfg_cutoff_day
        on int_survey_answer.responded_on = cfg_cutoff_day.day
        and cfg_cutoff_day.as_of = $as_of
    group by int_survey_answer.metric, int_survey_answer.kind
),

-- four ways to see every answer of a kind once, for each dimension
found as (
    select
        metric,
        kind,
        dimension,
        stage = 'all' as is_all_stages,
        role = 'all' as is_all_roles,
        sum(n) as n
    from survey_metric
    group by metric, kind, dimension, stage = 'all', role = 'all'
)

select
    coalesce(expected.metric, found.metric) as metric,
    coalesce(expected.kind, found.kind) as kind,
    found.dimension,
    found.is_all_stages,
    found.is_all_roles,
    expected.n as n_of_answers,
    found.n as n_of_metric
from expected
full outer join found
    on expected.metric = found.metric
    and expected.kind = found.kind
where coalesce(expected.n, 0) <> coalesce(found.n, 0)
