-- One event of a known account. The account comes from the event itself, else from its
-- contact, else from its e-mail address where exactly one contact has it. Events that
-- lead to no account are left out; the check event_without_account counts them.
-- grain: event_id
-- materialise: view
-- columns:
--   event_id | text | key | the event's key
--   occurred_at | timestamp | UTC | when it happened
--   day | date | day | the day it happened on, in the pipeline's time zone
--   account_id | text | key | account
--   contact_id | text | key | person, where known
--   name | text | - | what happened
--   channel | text | - | channel, lower case
--   mode | text | - | assisted or self_service
--   feature | text | - | feature used
--   quantity | integer | - | how many
--   duration_seconds | integer | seconds | how long
--   errors | integer | errors | errors met
with

-- an address that two contacts share names nobody
sole_address as (
    select
        email,
        min(contact_id) as contact_id,
        min(account_id) as account_id
    from stg_contact
    where email is not null
    group by email
    having count(*) = 1
)

select
    stg_event.event_id,
    stg_event.occurred_at,
    stg_event.day,
    coalesce(
        stg_event.account_id, stg_contact.account_id, sole_address.account_id
    ) as account_id,
    coalesce(stg_event.contact_id, sole_address.contact_id) as contact_id,
    stg_event.name,
    stg_event.channel,
    stg_event.mode,
    stg_event.feature,
    stg_event.quantity,
    stg_event.duration_seconds,
    stg_event.errors
from stg_event
left join stg_contact on stg_event.contact_id = stg_contact.contact_id
left join sole_address on stg_event.email = sole_address.email
where stg_event.day is not null and coalesce(
    stg_event.account_id, stg_contact.account_id, sole_address.account_id
) is not null
