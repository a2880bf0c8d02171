-- Retention outside what its definition allows: gross above 1 or above net, more accounts
-- kept than there were, logo churn that is not what is missing, an interval that does not
-- hold its value, or a rate where there are too few accounts for one.
-- severity: error
-- checks: retention
select
    period_start,
    period_end,
    dimension,
    dimension_value,
    currency,
    accounts_at_start,
    accounts_kept,
    gross_retention,
    net_retention,
    logo_churn
from retention
where
    accounts_at_start < 1
    or accounts_kept < 0
    or accounts_kept > accounts_at_start
    or mrr_at_start <= 0
    or currency is null
    or character_length(currency) <> 3
    or gross_retention > 1
    or gross_retention > net_retention
    or logo_churn <> 1 - cast(accounts_kept as double) / accounts_at_start
    or logo_churn_low > logo_churn + 1e-12
    or logo_churn_high < logo_churn - 1e-12
    or is_too_few <> (gross_retention is null)
    or is_too_few <> (net_retention is null)
    or is_too_few <> (logo_churn is null)
    or accounts_at_start_renewals_due > accounts_at_start
    or accounts_kept_renewals_due > accounts_at_start_renewals_due
    or mrr_at_start_renewals_due > mrr_at_start
    or gross_retention_renewals_due > 1
    or gross_retention_renewals_due > net_retention_renewals_due
