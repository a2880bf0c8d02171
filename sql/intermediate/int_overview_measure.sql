-- One measure of the overview that surveys or resolved tickets give: of the pipeline's
-- days up to the as-of day and of as many days before, without a figure where none are.
-- grain: measure
-- columns:
--   measure | text | - | csat, nps, ces or art
--   currency | text | - | all: money plays no part
--   direction | text | - | leading or lagging
--   unit | text | - | share, points or minutes
--   better_when | text | - | higher or lower
--   period_start | date | day | first day
--   period_end | date | day | last day
--   value | float | unit | the measure; null without any
--   low | float | unit | low end of its 95 % interval, null where there is none
--   high | float | unit | high end of its 95 % interval, null where there is none
--   n | integer | - | answers or tickets
--   before_start | date | day | first day compared with
--   before_end | date | day | last day compared with
--   value_before | float | unit | the measure then; null without any
--   n_before | integer | - | answers or tickets then
with

window_day as (
    select cast(overview_days as int) as days
    from cfg_list_rule
),

survey as (
    select
        cfg_survey_metric.metric,
        coalesce(now_answer.n, 0) as n,
        coalesce(now_answer.good, 0) as good,
        coalesce(now_answer.bad, 0) as bad,
        coalesce(before_answer.n, 0) as n_before,
        coalesce(before_answer.good, 0) as good_before,
        coalesce(before_answer.bad, 0) as bad_before
    from cfg_survey_metric
    left join int_overview_survey as now_answer
        on cfg_survey_metric.metric = now_answer.metric and now_answer.period = 'now'
    left join int_overview_survey as before_answer
        on cfg_survey_metric.metric = before_answer.metric
        and before_answer.period = 'before'
),

ticket as (
    select
        count(*) filter (where is_now) as n,
        sum(minutes) filter (where is_now) as minutes,
        count(*) filter (where not is_now) as n_before,
        sum(minutes) filter (where not is_now) as minutes_before
    from (
        select
            $as_of - stg_ticket.resolved_on < window_day.days as is_now,
            (cast(stg_ticket.resolved_at as bigint)
                - cast(stg_ticket.opened_at as bigint)) / 60000000 as minutes
        from window_day
        cross join stg_ticket
        where stg_ticket.resolved_at >= stg_ticket.opened_at
            and stg_ticket.resolved_on <= $as_of
            and $as_of - stg_ticket.resolved_on < 2 * window_day.days
    ) as resolved
)

select
    survey.metric as measure,
    'all' as currency,
    case survey.metric when 'ces' then 'leading' else 'lagging' end as direction,
    case survey.metric when 'nps' then 'points' else 'share' end as unit,
    'higher' as better_when,
    $as_of - window_day.days + 1 as period_start,
    $as_of as period_end,
    case survey.metric
        when 'nps' then 100 * cast(good - bad as double) / nullif(n, 0)
        else cast(good as double) / nullif(n, 0)
    end as value,
    case when n > 0 then
        case survey.metric when 'nps' then nps_low(good, bad, n)
            else wilson_low(good, n) end
    end as low,
    case when n > 0 then
        case survey.metric when 'nps' then nps_high(good, bad, n)
            else wilson_high(good, n) end
    end as high,
    n,
    $as_of - 2 * window_day.days + 1 as before_start,
    $as_of - window_day.days as before_end,
    case survey.metric
        when 'nps' then 100 * cast(good_before - bad_before as double)
            / nullif(n_before, 0)
        else cast(good_before as double) / nullif(n_before, 0)
    end as value_before,
    n_before
from window_day
cross join survey
union all
select
    'art' as measure,
    'all' as currency,
    'leading' as direction,
    'minutes' as unit,
    'lower' as better_when,
    $as_of - window_day.days + 1 as period_start,
    $as_of as period_end,
    cast(minutes as double) / nullif(n, 0) as value,
    cast(null as double) as low,
    cast(null as double) as high,
    n,
    $as_of - 2 * window_day.days + 1 as before_start,
    $as_of - window_day.days as before_end,
    cast(minutes_before as double) / nullif(n_before, 0) as value_before,
    n_before
from window_day
cross join ticket
