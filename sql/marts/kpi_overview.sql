-- One of the measures that a company steers by, beside the others, because each alone
-- misleads: satisfaction, recommendation, effort, time to resolution, churn, health and
-- net revenue retention. Leading ones warn, lagging ones confirm. Surveys and tickets are
-- of the pipeline's days up to the as-of day against as many days before; churn and
-- retention of the newest complete period of about that length against the one before;
-- health is compared with the last publication of an earlier day, because scores of other
-- days are not computed again. Too few give no figure.
-- grain: measure, currency
-- columns:
--   measure | text | - | csat, nps, ces, art, churn_rate, health or nrr
--   currency | text | ISO 4217 | currency of the contracts; all where money plays no part
--   direction | text | - | leading or lagging
--   unit | text | - | share, points, minutes or score
--   better_when | text | - | higher or lower
--   period_start | date | day | first day
--   period_end | date | day | last day
--   value | float | unit | the measure; null when too few
--   low | float | unit | low end of its 95 % interval, null where there is none
--   high | float | unit | high end of its 95 % interval, null where there is none
--   n | integer | - | answers, tickets or accounts
--   before_start | date | day | first day compared with; null where nothing is
--   before_end | date | day | last day compared with; null where nothing is
--   value_before | float | unit | the measure then; null when too few
--   n_before | integer | - | answers, tickets or accounts then
--   change | float | unit | value - value_before
--   is_better | boolean | - | changed for the better; null without a change
--   is_too_few | boolean | - | n is below the pipeline's minimum
with

window_day as (
    select
        minimum_n,
        cast(overview_days as int) as days
    from (
        select
            greatest(cfg_pipeline.minimum_n, 1) as minimum_n,
            cfg_list_rule.overview_days
        from cfg_pipeline
        cross join cfg_list_rule
    ) as setting
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
),

-- the length of period nearest to the days of the overview
period_length as (
    select months
    from (select distinct months from cfg_retention_period) as given
    cross join window_day
    order by abs(months * 30 - window_day.days), months
    limit 1
),

kept as (
    select
        retention.*,
        row_number() over (partition by currency order by period_end desc) as position
    from retention
    inner join period_length on retention.months = period_length.months
    where retention.dimension = 'all'
),

retained as (
    select
        kept.currency,
        kept.period_start,
        kept.period_end,
        kept.accounts_at_start as n,
        kept.logo_churn,
        kept.logo_churn_low,
        kept.logo_churn_high,
        kept.net_retention,
        before.period_start as before_start,
        before.period_end as before_end,
        before.accounts_at_start as n_before,
        before.logo_churn as logo_churn_before,
        before.net_retention as net_retention_before
    from kept
    left join kept as before
        on kept.currency = before.currency
        and before.period_end = kept.period_start - 1
    where kept.position = 1
),

health_now as (
    select
        count(score) as n,
        sum(cast(score as decimal(18,6))) as points
    from account_health
),

health_before as (
    select
        as_of,
        count(score) as n,
        sum(cast(score as decimal(18,6))) as points
    from prior_account_health
    group by as_of
),

measured as (
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
    union all
    select
        'churn_rate' as measure,
        currency,
        'lagging' as direction,
        'share' as unit,
        'lower' as better_when,
        period_start,
        period_end,
        logo_churn as value,
        logo_churn_low as low,
        logo_churn_high as high,
        n,
        before_start,
        before_end,
        logo_churn_before as value_before,
        n_before
    from retained
    union all
    select
        'nrr' as measure,
        currency,
        'lagging' as direction,
        'share' as unit,
        'higher' as better_when,
        period_start,
        period_end,
        net_retention as value,
        cast(null as double) as low,
        cast(null as double) as high,
        n,
        before_start,
        before_end,
        net_retention_before as value_before,
        n_before
    from retained
    union all
    select
        'health' as measure,
        'all' as currency,
        'leading' as direction,
        'score' as unit,
        'higher' as better_when,
        $as_of as period_start,
        $as_of as period_end,
        cast(health_now.points as double) / nullif(health_now.n, 0) as value,
        cast(null as double) as low,
        cast(null as double) as high,
        health_now.n,
        health_before.as_of as before_start,
        health_before.as_of as before_end,
        cast(health_before.points as double) / nullif(health_before.n, 0)
            as value_before,
        health_before.n as n_before
    from health_now
    left join health_before on true
),

judged as (
    select
        measured.*,
        measured.n < window_day.minimum_n as is_too_few,
        coalesce(measured.n_before < window_day.minimum_n, true) as is_too_few_before
    from window_day
    cross join measured
)

select
    measure,
    currency,
    direction,
    unit,
    better_when,
    period_start,
    period_end,
    case when not is_too_few then value end as value,
    case when not is_too_few then low end as low,
    case when not is_too_few then high end as high,
    n,
    before_start,
    before_end,
    case when not is_too_few_before then value_before end as value_before,
    n_before,
    case when not is_too_few and not is_too_few_before then value - value_before end
        as change,
    case
        when is_too_few or is_too_few_before or value = value_before then null
        when better_when = 'higher' then value > value_before
        else value < value_before
    end as is_better,
    is_too_few
from judged
