-- Paid contracts in a currency without a rate to the pipeline's, whose converted
-- amounts are null.
-- grain: source_table, check_name
with

counts as (
    select
        count(*) as contracts,
        count(*) filter (where stg_fx_rate.rate is null) as without_rate
    from stg_subscription
    left join stg_fx_rate on stg_subscription.currency = stg_fx_rate.currency
    where stg_subscription.mrr <> 0
)

select
    cfg_source.source_table,
    'rate_missing' as check_name,
    'warn' as severity,
    counts.contracts as rows_checked,
    counts.without_rate as rows_failed,
    'contracts in a currency without a rate; converted amounts are null' as message
from counts
cross join cfg_source
where cfg_source.source_table = 'subscription' and cfg_source.is_declared
