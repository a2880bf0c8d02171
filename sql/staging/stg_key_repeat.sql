-- How many rows of one extract are left over when one row per key is kept. Counted
-- before staging does so, so that what was left out can be said. Extracts kept as dated
-- snapshots repeat their keys from day to day by design; there the snapshot's day
-- belongs to the key.
-- grain: source_table
with

event_repeats as (
    select sum(copies - 1) as rows_repeated
    from stg_event_repeat
)

select
    'account' as source_table,
    count(*) as rows_read,
    count(*) - count(distinct concat(
        coalesce(cast(snapshot_date as text), ''), ' ', account_id
    )) as rows_repeated
from raw_account
union all
select
    'contact' as source_table,
    count(*) as rows_read,
    count(*) - count(distinct concat(
        coalesce(cast(snapshot_date as text), ''), ' ', contact_id
    )) as rows_repeated
from raw_contact
union all
select
    'subscription' as source_table,
    count(*) as rows_read,
    count(*) - count(distinct subscription_id) as rows_repeated
from raw_subscription
union all
select
    'ticket' as source_table,
    count(*) as rows_read,
    count(*) - count(distinct ticket_id) as rows_repeated
from raw_ticket
union all
select
    'survey_response' as source_table,
    count(*) as rows_read,
    count(*) - count(distinct response_id) as rows_repeated
from raw_survey_response
union all
select
    'opportunity' as source_table,
    count(*) as rows_read,
    count(*) - count(distinct opportunity_id) as rows_repeated
from raw_opportunity
union all
select
    'event' as source_table,
    event_rows.rows_read,
    coalesce(event_repeats.rows_repeated, 0) as rows_repeated
from (select count(*) as rows_read from raw_event) as event_rows
cross join event_repeats
