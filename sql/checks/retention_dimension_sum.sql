-- The values of every dimension must sum to the total, in accounts and in money.
-- severity: error
-- checks: retention
with

totals as (
    select
        period_start,
        period_end,
        currency,
        dimension,
        sum(accounts_at_start) as accounts_at_start,
        sum(accounts_kept) as accounts_kept,
        sum(mrr_at_start) as mrr_at_start,
        sum(mrr_at_end) as mrr_at_end
    from retention
    group by period_start, period_end, currency, dimension
)

select
    parts.period_start,
    parts.period_end,
    parts.currency,
    parts.dimension,
    parts.accounts_at_start,
    whole.accounts_at_start as accounts_at_start_all,
    parts.mrr_at_start,
    whole.mrr_at_start as mrr_at_start_all
from totals as parts
left join totals as whole
    on
        parts.period_start = whole.period_start
        and parts.period_end = whole.period_end
        and parts.currency = whole.currency
        and whole.dimension = 'all'
where
    whole.dimension is null
    or parts.accounts_at_start <> whole.accounts_at_start
    or parts.accounts_kept <> whole.accounts_kept
    or parts.mrr_at_start <> whole.mrr_at_start
    or parts.mrr_at_end <> whole.mrr_at_end
