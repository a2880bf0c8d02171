-- One event that some funnel names: the share of the event stream that funnels need,
-- with the identity as the event names it.
-- grain: touchpoint_id, day
-- partition: day
-- columns:
--   touchpoint_id | text | key | the event's key
--   account_id | text | key | account the event names, '' where none
--   contact_id | text | key | person the event names, '' where none
--   email | text | - | address; '' where none, or where account and person are named
--   occurred_at | timestamp | UTC | when it happened
--   day | date | day | the day of that, in the pipeline's time zone
--   touchpoint | text | - | the event's name
--   channel | text | - | channel, lower case, where known
--   mode | text | - | assisted or self_service, where known
--   product_id | text | key | product it was about, where known
with

named as (
    select distinct touchpoint
    from cfg_funnel_match
)

select
    int_identity_event.event_id as touchpoint_id,
    int_identity_event.account_id,
    int_identity_event.contact_id,
    int_identity_event.email,
    int_identity_event.occurred_at,
    int_identity_event.day,
    int_identity_event.name as touchpoint,
    int_identity_event.channel,
    int_identity_event.mode,
    int_identity_event.product_id
from int_identity_event
inner join named on int_identity_event.name = named.touchpoint
