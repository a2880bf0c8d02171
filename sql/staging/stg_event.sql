-- One event: something a person or a system of an account did. Events whose id is alone
-- on its day pass straight through; of an id repeated on a day the earliest row is kept.
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

single_row as (
    select dated.*
    from dated
    left anti join stg_event_repeat
        on dated.event_id = stg_event_repeat.event_id
        and dated.day = stg_event_repeat.day
),

-- Every column that is passed on takes part, so that two different rows never tie.
first_of_repeated as (
    select dated.*
    from dated
    inner join stg_event_repeat
        on dated.event_id = stg_event_repeat.event_id
        and dated.day = stg_event_repeat.day
    qualify row_number() over (
        partition by dated.event_id, dated.day
        order by
            -- an expression: DataFusion 55 moves an order of columns alone below the
            -- join, loses there the columns that an extract lacks, and refuses the plan
            dated.occurred_at is null,
            dated.occurred_at,
            dated.account_id nulls last,
            dated.contact_id nulls last,
            dated.email nulls last,
            dated.anonymous_id nulls last,
            dated.name nulls last,
            dated.channel nulls last,
            dated.mode nulls last,
            dated.content_id nulls last,
            dated.owner_id nulls last,
            dated.feature nulls last,
            dated.quantity nulls last,
            dated.duration_seconds nulls last,
            dated.errors nulls last,
            dated.product_id nulls last
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
