-- One of the measures that a company steers by, beside the others, because each alone
-- misleads: satisfaction, recommendation, effort, time to resolution, churn, lifetime
-- value and health, and net revenue retention. Leading ones warn, lagging ones confirm.
-- Surveys and tickets are of the pipeline's days up to the as-of day against as many
-- days before; churn and retention of the newest complete period of about that length
-- against the one before; health and lifetime value are compared with a day on which
-- they were computed, which stands beside them. Too few give no figure.
-- grain: measure, currency
-- columns:
--   measure | text | - | csat, nps, ces, art, churn_rate, clv, health or nrr
--   currency | text | ISO 4217 | currency of the contracts; all where money plays no part
--   direction | text | - | leading or lagging
--   unit | text | - | share, points, minutes, score or money (of the row's currency)
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

-- the length of period nearest to the days of the overview
period_length as (
    select months
    from cfg_retention_period
    cross join cfg_list_rule
    order by abs(months * 30 - overview_days), months
    limit 1
),

kept as (
    select
        retention.*,
        shown.measure,
        case shown.measure when 'nrr' then net_retention else logo_churn end as value,
        case when shown.measure = 'churn_rate' then logo_churn_low end as low,
        case when shown.measure = 'churn_rate' then logo_churn_high end as high,
        row_number() over (
            partition by shown.measure, currency order by period_end desc
        ) as position
    from retention
    inner join period_length on retention.months = period_length.months
    cross join (values ('churn_rate'), ('nrr')) as shown (measure)
    where retention.dimension = 'all'
),

-- accounts share curves whose errors do not cancel: the mean of the ends is the interval
scored as (
    select
        'health' as measure, 'all' as currency, 'leading' as direction, 'score' as unit,
        count(score) as n,
        sum(cast(score as decimal(38,6))) as total,
        cast(null as decimal(38,4)) as total_low,
        cast(null as decimal(38,4)) as total_high
    from account_health
    union all
    select
        'clv' as measure, currency, 'lagging' as direction, 'money' as unit,
        count(lifetime_value) as n,
        sum(cast(lifetime_value as decimal(38,6))) as total,
        sum(cast(low as decimal(38,4))) as total_low,
        sum(cast(high as decimal(38,4))) as total_high
    from lifetime_value
    where currency is not null
    group by currency
),

measured as (
    select * from int_overview_measure
    union all
    select
        kept.measure,
        kept.currency,
        'lagging' as direction, 'share' as unit,
        case kept.measure when 'nrr' then 'higher' else 'lower' end as better_when,
        kept.period_start, kept.period_end,
        kept.value, kept.low, kept.high,
        kept.accounts_at_start as n,
        before.period_start as before_start,
        before.period_end as before_end,
        before.value as value_before,
        before.accounts_at_start as n_before
    from kept
    left join kept as before
        on kept.measure = before.measure and kept.currency = before.currency
        and before.period_end = kept.period_start - 1
    where kept.position = 1
    union all
    select
        scored.measure, scored.currency, scored.direction, scored.unit,
        'higher' as better_when, $as_of as period_start, $as_of as period_end,
        cast(scored.total as double) / nullif(scored.n, 0) as value,
        cast(scored.total_low as double) / nullif(scored.n, 0) as low,
        cast(scored.total_high as double) / nullif(scored.n, 0) as high,
        scored.n,
        earlier.before_on as before_start, earlier.before_on as before_end,
        earlier.value as value_before, earlier.n as n_before
    from scored
    left join int_overview_before as earlier
        on scored.measure = earlier.measure and scored.currency = earlier.currency
),

judged as (
    select
        measured.*,
        n >= greatest(minimum_n, 1) as is_enough,
        coalesce(n_before >= greatest(minimum_n, 1), false) as was_enough
    from cfg_pipeline
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
    case when is_enough then value end as value,
    case when is_enough then low end as low,
    case when is_enough then high end as high,
    n,
    before_start,
    before_end,
    case when was_enough then value_before end as value_before,
    n_before,
    case when is_enough and was_enough then value - value_before end as change,
    case when is_enough and was_enough and value <> value_before then
        (better_when = 'higher') = (value > value_before)
    end as is_better,
    not is_enough as is_too_few
from judged
