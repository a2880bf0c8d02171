-- What a score of the overview is compared with: the mean on a day on which it was
-- computed. Scores of other days are not computed again, so health is compared with the
-- month-end nearest to the pipeline's days before for which a backtest has computed it,
-- else with the last publication of an earlier day; lifetime value always with that.
-- grain: measure, currency
-- columns:
--   measure | text | - | health or clv
--   currency | text | ISO 4217 | currency of the contracts; all for health
--   before_on | date | day | the day compared with
--   n | integer | accounts | accounts with a score or a value then
--   value | float | score or money | their mean; null without any
with

-- a month-end that a backtest knows goes before the last publication
health as (
    select
        known.as_of,
        count(known.score) as n,
        sum(cast(known.score as decimal(18,6))) as total
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
        as_of,
        currency,
        count(lifetime_value) as n,
        sum(cast(lifetime_value as decimal(38,4))) as total
    from prior_lifetime_value
    where currency is not null
    group by as_of, currency
)

select
    'health' as measure,
    'all' as currency,
    as_of as before_on,
    n,
    cast(total as double) / nullif(n, 0) as value
from health
union all
select
    'clv' as measure,
    currency,
    as_of as before_on,
    n,
    cast(total as double) / nullif(n, 0) as value
from worth
