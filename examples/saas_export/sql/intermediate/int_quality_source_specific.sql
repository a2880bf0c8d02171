-- Checks that only make sense for this export: use against the contract it names, and
-- the three places that claim to say who churned.
-- grain: source_table, check_name
select source_table, check_name, severity, rows_checked, rows_failed, message
from int_quality_usage_of_contract
union all
select source_table, check_name, severity, rows_checked, rows_failed, message
from int_quality_churn_source
