-- Sums and rates of one retention period for one value of one dimension and currency,
-- on one basis: every account that paid at the start, or only those whose renewal was
-- due; each per currency, and once more (`_converted`) with all currencies in the
-- pipeline's own, of the accounts with a rate; without_rate counts the others. Rates of
-- fewer accounts than the pipeline's minimum are null. Accounts that the account
-- extract lacks count under the value unknown of every dimension.
-- grain: period_start, period_end, dimension, dimension_value, currency, basis
with

unlisted_accounts as (
    select distinct int_account_retention.account_id
    from int_account_retention
    left anti join int_account_dimension
        on int_account_retention.account_id = int_account_dimension.account_id
),

account_values as (
    select
        account_id,
        dimension,
        dimension_value
    from int_account_dimension
    union all
    select
        unlisted_accounts.account_id,
        dimensions.dimension,
        case dimensions.dimension when 'all' then 'all' else 'unknown' end
            as dimension_value
    from unlisted_accounts
    cross join (select distinct dimension from int_account_dimension) as dimensions
),

valued as (
    select
        int_retention_base.*,
        account_values.dimension,
        account_values.dimension_value
    from int_retention_base
    inner join account_values on int_retention_base.account_id = account_values.account_id
    union all
    select
        int_retention_base.*,
        int_retention_dimension.dimension,
        int_retention_dimension.dimension_value
    from int_retention_base
    inner join int_retention_dimension
        on
            int_retention_base.account_id = int_retention_dimension.account_id
            and int_retention_base.period_start = int_retention_dimension.period_start
            and int_retention_base.period_end = int_retention_dimension.period_end
),

sums as (
    select
        period_start,
        period_end,
        months,
        dimension,
        dimension_value,
        currency,
        basis,
        count(*) as accounts,
        count(*) filter (where is_kept) as kept,
        cast(sum(mrr_at_start) as decimal(38, 4)) as mrr_at_start,
        cast(sum(mrr_at_end) as decimal(38, 4)) as mrr_at_end,
        cast(sum(least(mrr_at_start, mrr_at_end)) as decimal(38, 4)) as mrr_retained
    from valued
    group by
        period_start,
        period_end,
        months,
        dimension,
        dimension_value,
        currency,
        basis
),

judged as (
    select
        sums.*,
        sums.accounts < cfg_pipeline.minimum_n as is_too_few,
        cast(sums.mrr_at_start as double) as mrr_divisor
    from sums
    cross join cfg_pipeline
)

select
    period_start,
    period_end,
    months,
    dimension,
    dimension_value,
    currency,
    basis,
    accounts,
    kept,
    mrr_at_start,
    mrr_at_end,
    is_too_few,
    case when not is_too_few then cast(mrr_retained as double) / mrr_divisor end
        as gross_retention,
    case when not is_too_few then cast(mrr_at_end as double) / mrr_divisor end
        as net_retention,
    case when not is_too_few then 1 - cast(kept as double) / accounts end as logo_churn,
    case when not is_too_few then wilson_low(accounts - kept, accounts) end
        as logo_churn_low,
    case when not is_too_few then wilson_high(accounts - kept, accounts) end
        as logo_churn_high
from judged
