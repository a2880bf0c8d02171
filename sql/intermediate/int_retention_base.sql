-- One account that paid at the start of one retention period, on each basis it counts
-- on: at_start, or renewals_due where one was due; each per currency, and once more
-- (_converted) with all it pays in the pipeline's currency. An account with a currency
-- without a rate is without_rate instead.
-- grain: account_id, currency, period_start, period_end, basis
select
    account_id, currency, period_start, period_end, months,
    mrr_at_start, mrr_at_end, is_kept, is_renewal_due,
    'at_start' as basis
from int_account_retention
union all
select
    account_id, currency, period_start, period_end, months,
    mrr_at_start, mrr_at_end, is_kept, is_renewal_due,
    'renewals_due' as basis
from int_account_retention
where is_renewal_due
union all
select
    converted.account_id, cfg_pipeline.currency, period_start, period_end, months,
    mrr_at_start, mrr_at_end, is_kept, is_renewal_due,
    case when mrr_at_start is null then 'without_rate' else 'at_start_converted' end
        as basis
from cfg_pipeline
cross join int_account_retention_converted as converted
union all
select
    converted.account_id, cfg_pipeline.currency, period_start, period_end, months,
    mrr_at_start, mrr_at_end, is_kept, is_renewal_due,
    'renewals_due_converted' as basis
from cfg_pipeline
cross join int_account_retention_converted as converted
where is_renewal_due and mrr_at_start is not null
