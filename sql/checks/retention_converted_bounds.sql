-- Retention in the pipeline's currency outside what its definition allows, or whose
-- values of a dimension do not sum to the total.
-- severity: error
-- checks: retention_converted
with

summed as (
    select
        *,
        sum(accounts_at_start) over (
            partition by period_start, period_end, dimension
        ) as accounts_of_dimension,
        sum(mrr_at_start) over (
            partition by period_start, period_end, dimension
        ) as mrr_of_dimension
    from retention_converted
),

total as (
    select
        period_start,
        period_end,
        accounts_at_start,
        mrr_at_start
    from retention_converted
    where dimension = 'all'
)

select
    summed.period_start,
    summed.period_end,
    summed.dimension,
    summed.dimension_value,
    summed.accounts_at_start,
    summed.gross_retention,
    summed.net_retention
from summed
left join total
    on summed.period_start = total.period_start and summed.period_end = total.period_end
where summed.accounts_at_start < 1
    or summed.accounts_kept > summed.accounts_at_start
    or summed.mrr_at_start <= 0
    or summed.gross_retention > 1
    or summed.gross_retention > summed.net_retention
    or summed.logo_churn_low > summed.logo_churn + 1e-12
    or summed.logo_churn_high < summed.logo_churn - 1e-12
    or summed.is_too_few <> (summed.gross_retention is null)
    or summed.accounts_at_start_renewals_due > summed.accounts_at_start
    or coalesce(summed.accounts_of_dimension <> total.accounts_at_start, true)
    or coalesce(summed.mrr_of_dimension <> total.mrr_at_start, true)
