-- What one identity, as the events name it, did of one kind on one day: the kinds that
-- attribution or engagement names, with the channel, the content and the person of ours
-- that took part. Repetitions within the day are counted, not kept: they are one touch.
-- grain: account_id, contact_id, email, name, channel, mode, content_id, owner_id, day
-- partition: day
-- columns:
--   account_id | text | key | account the events name, '' where none
--   contact_id | text | key | person the events name, '' where none
--   email | text | - | address; '' where none, or where account and person are named
--   name | text | - | the events' name
--   channel | text | - | channel, lower case, '' where none
--   mode | text | - | assisted or self_service, '' where none
--   content_id | text | key | content seen, '' where none
--   owner_id | text | key | the person of ours who took part, '' where none
--   day | date | day | day in the pipeline's time zone
--   first_at | timestamp | UTC | when the first of them happened
--   touches | integer | events | events
select
    int_identity_event.account_id,
    int_identity_event.contact_id,
    int_identity_event.email,
    int_identity_event.name,
    coalesce(int_identity_event.channel, '') as channel,
    coalesce(int_identity_event.mode, '') as mode,
    coalesce(int_identity_event.content_id, '') as content_id,
    coalesce(int_identity_event.owner_id, '') as owner_id,
    int_identity_event.day,
    min(int_identity_event.occurred_at) as first_at,
    count(*) as touches
from int_identity_event
inner join cfg_activity on int_identity_event.name = cfg_activity.touchpoint
group by
    int_identity_event.account_id,
    int_identity_event.contact_id,
    int_identity_event.email,
    int_identity_event.name,
    coalesce(int_identity_event.channel, ''),
    coalesce(int_identity_event.mode, ''),
    coalesce(int_identity_event.content_id, ''),
    coalesce(int_identity_event.owner_id, ''),
    int_identity_event.day
