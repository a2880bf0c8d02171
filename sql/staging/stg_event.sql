-- One event: something a person or a system of an account did. Events with an id of
-- their own pass straight through; of repeated ids the earliest row is kept.
-- grain: event_id
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
--   feature | text | - | feature used
--   quantity | integer | - | how many
--   duration_seconds | integer | seconds | how long
--   errors | integer | errors | errors met
with

single_row as (
    select raw_event.*
    from raw_event
    left anti join stg_event_repeat on raw_event.event_id = stg_event_repeat.event_id
),

-- every column that is passed on takes part, so that two different rows never tie
first_of_repeated as (
    select raw_event.*
    from raw_event
    inner join stg_event_repeat on raw_event.event_id = stg_event_repeat.event_id
    qualify row_number() over (
        partition by raw_event.event_id
        order by
            raw_event.occurred_at nulls last,
            raw_event.account_id nulls last,
            raw_event.contact_id nulls last,
            raw_event.email nulls last,
            raw_event.anonymous_id nulls last,
            raw_event.name nulls last,
            raw_event.channel nulls last,
            raw_event.mode nulls last,
            raw_event.feature nulls last,
            raw_event.quantity nulls last,
            raw_event.duration_seconds nulls last,
            raw_event.errors nulls last
    ) = 1
),

unique_row as (
    select * from single_row
    union all
    select * from first_of_repeated
)

select
    event_id,
    occurred_at,
    local_day(occurred_at) as day,
    nullif(account_id, '') as account_id,
    nullif(contact_id, '') as contact_id,
    nullif(lower(trim(email)), '') as email,
    nullif(anonymous_id, '') as anonymous_id,
    name,
    nullif(lower(trim(channel)), '') as channel,
    nullif(lower(trim(mode)), '') as mode,
    nullif(trim(feature), '') as feature,
    quantity,
    duration_seconds,
    errors
from unique_row
