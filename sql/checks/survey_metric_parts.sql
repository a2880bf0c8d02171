-- Counts that do not add up: promoters, passives and detractors must be all answers of
-- nps, and no other metric has them; good answers of the others are at most all.
-- severity: error
-- checks: survey_metric
select
    metric,
    kind,
    stage,
    role,
    dimension,
    dimension_value,
    n,
    promoters,
    passives,
    detractors,
    good
from survey_metric
where (
        metric = 'nps'
        and (
            (promoters + passives + detractors is distinct from n)
            or least(promoters, passives, detractors) < 0
            or good is not null
        )
    )
    or (
        metric <> 'nps'
        and (
            coalesce(promoters, passives, detractors) is not null
            or good is null
            or good not between 0 and n
        )
    )
