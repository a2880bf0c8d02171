-- How often one identity, as the events name it, touched us in one way on one day: only
-- by events that a stage rule names, and counted before it is asked whose they are.
-- grain: account_id, contact_id, email, touchpoint, channel, day
-- partition: day
-- columns:
--   account_id | text | key | account the events name, '' where none
--   contact_id | text | key | person the events name, '' where none
--   email | text | - | address; '' where none, or where account and person are named
--   touchpoint | text | - | the events' name
--   channel | text | - | channel, lower case; '' where none is known
--   day | date | day | day in the pipeline's time zone
--   touches | integer | touches | events
with

named as (
    select distinct touchpoint
    from cfg_stage_match
)

select
    int_identity_event.account_id,
    int_identity_event.contact_id,
    int_identity_event.email,
    int_identity_event.name as touchpoint,
    coalesce(int_identity_event.channel, '') as channel,
    int_identity_event.day,
    count(*) as touches
from int_identity_event
inner join named on int_identity_event.name = named.touchpoint
group by
    int_identity_event.account_id,
    int_identity_event.contact_id,
    int_identity_event.email,
    int_identity_event.name,
    coalesce(int_identity_event.channel, ''),
    int_identity_event.day
