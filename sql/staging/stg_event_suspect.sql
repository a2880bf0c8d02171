-- One event that its instant does not clear of being a repeat: at that instant some event
-- happened whose id occurs more than once on the day. What happened at any other instant
-- is no repeat, so that stg_event need not look at the ids of millions. Values are as
-- given.
-- grain: event_id, day, copy
-- partition: day
-- columns:
--   event_id | text | key | the event's key
--   occurred_at | timestamp | UTC | when it happened
--   day | date | day | the day it happened on, in the pipeline's time zone
--   account_id | text | key | account, as given
--   contact_id | text | key | person, as given
--   email | text | - | e-mail address, as given
--   anonymous_id | text | key | browser or device of an unknown person
--   name | text | - | what happened
--   channel | text | - | channel, as given
--   mode | text | - | assisted or self_service, as given
--   content_id | text | key | content seen
--   owner_id | text | key | the person of ours who took part
--   feature | text | - | feature used
--   quantity | integer | - | how many
--   duration_seconds | integer | seconds | how long
--   errors | integer | errors | errors met
--   product_id | text | key | product it was about
--   copy | integer | - | 1 = the earliest row of the id on the day, which counts
with

dated as (
    select
        raw_event.*,
        local_day(raw_event.occurred_at) as day
    from raw_event
),

repeat_instant as (
    select distinct dated.occurred_at
    from dated
    inner join stg_event_repeat
        on dated.event_id = stg_event_repeat.event_id
        and dated.day = stg_event_repeat.day
)

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
    dated.product_id,
    -- Every column that is passed on takes part, so that two different rows never tie.
    cast(row_number() over (
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
    ) as bigint) as copy
from dated
inner join repeat_instant on dated.occurred_at = repeat_instant.occurred_at
