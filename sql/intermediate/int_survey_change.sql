-- How a metric changed from the period before to the last one, with the interval of the
-- change put together from those of the two figures (Newcombe 1998, Zou and Donner
-- 2008). Groups with fewer answers than the pipeline's minimum on either side have no
-- row: a change between noises is none. People who answered in both periods make the
-- true interval narrower than this one.
-- grain: metric, kind, stage, role, dimension, dimension_value
-- columns:
--   metric | text | - | nps, csat or ces
--   kind | text | - | relationship or transactional
--   stage | text | - | stage of the journey, all for the roll-up
--   role | text | - | role in the purchase, all for the roll-up
--   dimension | text | - | attribute broken down by, all for the total
--   dimension_value | text | - | value of the attribute, all for the total
--   recent_value | float | as value of survey_metric | the metric of the last period
--   before_value | float | as value of survey_metric | that of the period before
--   change | float | as value of survey_metric | recent_value - before_value
--   change_low | float | as value of survey_metric | low end of its 95 % interval
--   change_high | float | as value of survey_metric | high end of its 95 % interval
with

enough as (
    select total.*
    from cfg_pipeline
    cross join int_survey_total as total
    where total.recent_n >= greatest(cfg_pipeline.minimum_n, 1)
        and total.before_n >= greatest(cfg_pipeline.minimum_n, 1)
),

-- both periods below each other, so that each formula stands once
period as (
    select
        metric, kind, stage, role, dimension, dimension_value,
        true as is_recent,
        recent_good as good,
        recent_bad as bad,
        recent_n as n
    from enough
    union all
    select
        metric, kind, stage, role, dimension, dimension_value,
        false as is_recent,
        before_good as good,
        before_bad as bad,
        before_n as n
    from enough
),

figure as (
    select
        metric, kind, stage, role, dimension, dimension_value, is_recent,
        case
            when metric = 'nps' then cast(100 * (good - bad) as double) / n
            else cast(good as double) / n
        end as value,
        case
            when metric = 'nps' then nps_low(good, bad, n) else wilson_low(good, n)
        end as low,
        case
            when metric = 'nps' then nps_high(good, bad, n) else wilson_high(good, n)
        end as high
    from period
)

select
    recent.metric,
    recent.kind,
    recent.stage,
    recent.role,
    recent.dimension,
    recent.dimension_value,
    recent.value as recent_value,
    before.value as before_value,
    recent.value - before.value as change,
    recent.value - before.value - sqrt(
        power(recent.value - recent.low, 2) + power(before.high - before.value, 2)
    ) as change_low,
    recent.value - before.value + sqrt(
        power(recent.high - recent.value, 2) + power(before.value - before.low, 2)
    ) as change_high
from figure as recent
inner join figure as before
    on recent.metric = before.metric
    and recent.kind = before.kind
    and recent.stage = before.stage
    and recent.role = before.role
    and recent.dimension = before.dimension
    and recent.dimension_value = before.dimension_value
    and not before.is_recent
where recent.is_recent
