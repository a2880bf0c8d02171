-- How many rows of each file of the export are left over when one row per key is kept.
-- grain: source_table
select
    'ravenstack_accounts' as source_table,
    count(*) as rows_read,
    count(*) - count(distinct account_id) as rows_repeated
from raw_ravenstack_accounts
union all
select
    'ravenstack_subscriptions' as source_table,
    count(*) as rows_read,
    count(*) - count(distinct subscription_id) as rows_repeated
from raw_ravenstack_subscriptions
union all
select
    'ravenstack_feature_usage' as source_table,
    count(*) as rows_read,
    count(*) - count(distinct usage_id) as rows_repeated
from raw_ravenstack_feature_usage
union all
select
    'ravenstack_supports_ticket' as source_table,
    count(*) as rows_read,
    count(*) - count(distinct ticket_id) as rows_repeated
from raw_ravenstack_supports_ticket
union all
select
    'ravenstack_churn_events' as source_table,
    count(*) as rows_read,
    count(*) - count(distinct churn_event_id) as rows_repeated
from raw_ravenstack_churn_events
