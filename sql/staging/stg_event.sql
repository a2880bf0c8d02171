-- One event: something a person or a system of an account did. Events that cannot be
-- repeats pass straight through; of an id repeated on a day the earliest row is kept.
-- grain: event_id, day
-- partition: day
-- materialise: view
-- columns:
--   event_id | text | key | the event's key
--   occurred_at | timestamp | UTC | when it happened
--   day | date | day | the day it happened on, in the pipeline's time zone
--   account_id | text | key | account, where the source knows it
--   contact_id | text | key | person, where the source knows them
--   email | text | - | e-mail address, lower case, without blanks around it
--   anonymous_id | text | key | browser or device of an unknown person
--   name | text | - | what happened
--   channel | text | - | channel, lower case
--   mode | text | - | assisted or self_service, lower case
--   content_id | text | key | content seen
--   owner_id | text | key | the person of ours who took part
--   feature | text | - | feature used
--   quantity | integer | - | how many
--   duration_seconds | integer | seconds | how long
--   errors | integer | errors | errors met
--   product_id | text | key | product it was about
with

dated as (
    select
        raw_event.*,
        local_day(raw_event.occurred_at) as day
    from raw_event
),

unique_row as (
    select
        dated.event_id,
        dated.occurred_at,
        dated.day,
        dated.account_id,
        dated.contact_id,
        dated.email,
        dated.anonymous_id,
        dated.name,
        dated.channel,
        dated.mode,
        dated.content_id,
        dated.owner_id,
        dated.feature,
        dated.quantity,
        dated.duration_seconds,
        dated.errors,
        dated.product_id
    from dated
    left anti join stg_event_suspect
        on dated.occurred_at = stg_event_suspect.occurred_at
    union all
    select
        event_id,
        occurred_at,
        day,
        account_id,
        contact_id,
        email,
        anonymous_id,
        name,
        channel,
        mode,
        content_id,
        owner_id,
        feature,
        quantity,
        duration_seconds,
        errors,
        product_id
    from stg_event_suspect
    where copy = 1
)

select
    event_id,
    occurred_at,
    day,
    nullif(account_id, '') as account_id,
    nullif(contact_id, '') as contact_id,
    nullif(lower(trim(email)), '') as email,
    nullif(anonymous_id, '') as anonymous_id,
    name,
    nullif(lower(trim(channel)), '') as channel,
    nullif(lower(trim(mode)), '') as mode,
    nullif(trim(content_id), '') as content_id,
    nullif(trim(owner_id), '') as owner_id,
    nullif(trim(feature), '') as feature,
    quantity,
    duration_seconds,
    errors,
    nullif(trim(product_id), '') as product_id
from unique_row
