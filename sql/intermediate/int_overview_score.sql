-- One measure of the overview that accounts have as of a day: the mean health score, and
-- the mean lifetime value of each currency. Scores of other days are not computed again,
-- so health is compared with the month-end nearest to the pipeline's days before for
-- which a backtest has computed it, else with the last publication of an earlier day;
-- lifetime value always with that publication. The interval of the lifetime value is the
-- mean of the accounts' ends: they share their curves, whose errors do not cancel out.
-- grain: measure, currency
-- columns:
--   measure | text | - | health or clv
--   currency | text | ISO 4217 | currency of the contracts; all for health
--   direction | text | - | leading or lagging
--   unit | text | - | score or money
--   better_when | text | - | higher
--   period_start | date | day | the as-of day
--   period_end | date | day | the as-of day
--   value | float | unit | the mean; null without any
--   low | float | unit | low end of its 95 % interval, null where there is none
--   high | float | unit | high end of its 95 % interval, null where there is none
--   n | integer | accounts | accounts with a score or a value
--   before_start | date | day | day compared with; null where nothing is
--   before_end | date | day | the same day
--   value_before | float | unit | the mean then; null without any
--   n_before | integer | accounts | accounts with a score or a value then
with

health_now as (
    select
        count(score) as n,
        sum(cast(score as decimal(18,6))) as points
    from account_health
),

-- a month-end that a backtest knows goes before the last publication
health_before as (
    select
        known.as_of,
        count(known.score) as n,
        sum(cast(known.score as decimal(18,6))) as points
    from cfg_list_rule
    cross join (
        select as_of, score, true as is_month_end from past_account_health
        union all
        select as_of, score, false as is_month_end from prior_account_health
    ) as known
    where known.as_of < $as_of
    group by known.as_of, known.is_month_end, cfg_list_rule.overview_days
    order by
        known.is_month_end desc,
        abs($as_of - known.as_of - cfg_list_rule.overview_days),
        known.as_of
    limit 1
),

worth as (
    select
        currency,
        count(lifetime_value) as n,
        sum(cast(lifetime_value as decimal(38,4))) as total,
        sum(cast(low as decimal(38,4))) as total_low,
        sum(cast(high as decimal(38,4))) as total_high
    from lifetime_value
    where currency is not null
    group by currency
),

worth_before as (
    select
        as_of,
        currency,
        count(lifetime_value) as n,
        sum(cast(lifetime_value as decimal(38,4))) as total
    from prior_lifetime_value
    group by as_of, currency
)

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
    cast(health_before.points as double) / nullif(health_before.n, 0) as value_before,
    health_before.n as n_before
from health_now
left join health_before on true
union all
select
    'clv' as measure,
    worth.currency,
    'lagging' as direction,
    'money' as unit,
    'higher' as better_when,
    $as_of as period_start,
    $as_of as period_end,
    cast(worth.total as double) / nullif(worth.n, 0) as value,
    cast(worth.total_low as double) / nullif(worth.n, 0) as low,
    cast(worth.total_high as double) / nullif(worth.n, 0) as high,
    worth.n,
    worth_before.as_of as before_start,
    worth_before.as_of as before_end,
    cast(worth_before.total as double) / nullif(worth_before.n, 0) as value_before,
    worth_before.n as n_before
from worth
left join worth_before on worth.currency = worth_before.currency
