-- How much of the revenue, and how many of the accounts, at the start of a period were
-- still there at its end, per currency and breakdown. Gross retention caps every
-- account at what it paid at the start, so growth of one cannot hide the loss of
-- another; net retention does not. The same once more for the accounts whose renewal
-- was due in the period; those columns are null when no opportunities are extracted.
-- With fewer accounts than the pipeline's minimum the rates are null and is_too_few
-- says why.
-- grain: period_start, period_end, dimension, dimension_value, currency
-- columns:
--   period_start | date | - | first day of the period
--   period_end | date | - | last day of the period
--   months | integer | months | length of the period in calendar months
--   dimension | text | - | attribute of the account broken down by, all for the total
--   dimension_value | text | - | its value (DECISIONS.md says when), all for the total
--   currency | text | ISO 4217 | currency of the amounts
--   accounts_at_start | integer | accounts | paying at the end of the day before
--   accounts_kept | integer | accounts | of these, still paying at the end
--   mrr_at_start | decimal(38,4) | currency/month | revenue of these at the start
--   mrr_at_end | decimal(38,4) | currency/month | revenue of the same accounts at the end
--   gross_retention | float | 0-1 | sum of min(start, end) per account / sum of start
--   net_retention | float | 0 and up | mrr_at_end / mrr_at_start
--   logo_churn | float | 0-1 | 1 - accounts_kept / accounts_at_start
--   logo_churn_low | float | 0-1 | low end of its 95 % Wilson interval
--   logo_churn_high | float | 0-1 | high end of its 95 % Wilson interval
--   is_too_few | boolean | - | fewer accounts than minimum_n: the rates are null
--   accounts_at_start_renewals_due | integer | accounts | at start with a renewal due
--   accounts_kept_renewals_due | integer | accounts | of these, still paying at the end
--   mrr_at_start_renewals_due | decimal(38,4) | currency/month | theirs at the start
--   mrr_at_end_renewals_due | decimal(38,4) | currency/month | theirs at the end
--   gross_retention_renewals_due | float | 0-1 | as gross_retention
--   net_retention_renewals_due | float | 0 and up | as net_retention
--   logo_churn_renewals_due | float | 0-1 | as logo_churn
--   is_too_few_renewals_due | boolean | - | fewer accounts due than minimum_n
with

opportunities as (
    select
        cfg_pipeline.minimum_n,
        -- a zero is measured only where opportunities are extracted
        case when bool_or(cfg_source.is_declared) then cast(0 as bigint) end as none
    from cfg_pipeline
    left join cfg_source on cfg_source.source_table = 'opportunity'
    group by cfg_pipeline.minimum_n
)

select
    at_start.period_start,
    at_start.period_end,
    at_start.months,
    at_start.dimension,
    at_start.dimension_value,
    at_start.currency,
    at_start.accounts as accounts_at_start,
    at_start.kept as accounts_kept,
    at_start.mrr_at_start,
    at_start.mrr_at_end,
    at_start.gross_retention,
    at_start.net_retention,
    at_start.logo_churn,
    at_start.logo_churn_low,
    at_start.logo_churn_high,
    at_start.is_too_few,
    coalesce(due.accounts, opportunities.none) as accounts_at_start_renewals_due,
    coalesce(due.kept, opportunities.none) as accounts_kept_renewals_due,
    coalesce(due.mrr_at_start, cast(opportunities.none as decimal(38, 4)))
        as mrr_at_start_renewals_due,
    coalesce(due.mrr_at_end, cast(opportunities.none as decimal(38, 4)))
        as mrr_at_end_renewals_due,
    due.gross_retention as gross_retention_renewals_due,
    due.net_retention as net_retention_renewals_due,
    due.logo_churn as logo_churn_renewals_due,
    coalesce(due.is_too_few, opportunities.none < opportunities.minimum_n)
        as is_too_few_renewals_due
-- the one row first: a cross join gives one batch for each row of its left side
from opportunities
cross join int_retention_part as at_start
left join int_retention_part as due
    on
        due.period_start = at_start.period_start
        and due.period_end = at_start.period_end
        and due.dimension = at_start.dimension
        and due.dimension_value = at_start.dimension_value
        and due.currency = at_start.currency
        and due.basis = 'renewals_due'
where at_start.basis = 'at_start'
