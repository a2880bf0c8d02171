-- One event that some funnel names: the share of the event stream that funnels need.
-- Apart from int_touchpoint, so that it can be kept per day and no night reads the
-- events of other days again.
-- grain: touchpoint_id, day
-- partition: day
-- columns:
--   touchpoint_id | text | key | the event's key
--   account_id | text | key | account
--   contact_id | text | key | person, where known
--   occurred_at | timestamp | UTC | when it happened
--   day | date | day | the day of that, in the pipeline's time zone
--   touchpoint | text | - | the event's name
--   channel | text | - | channel, lower case, where known
--   mode | text | - | assisted or self_service, where known
with

named as (
    select distinct touchpoint
    from cfg_funnel_match
)

select
    int_account_event.event_id as touchpoint_id,
    int_account_event.account_id,
    int_account_event.contact_id,
    int_account_event.occurred_at,
    int_account_event.day,
    int_account_event.name as touchpoint,
    int_account_event.channel,
    int_account_event.mode
from int_account_event
inner join named on int_account_event.name = named.touchpoint
