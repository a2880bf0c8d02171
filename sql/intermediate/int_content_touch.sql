-- One touch that showed content, with the role of the person and, for each journey, the
-- stage in which the account was when the day began: what the touch itself changed is
-- seen at the end of the day. An account without any stage yet is outside every rule.
-- grain: journey, account_id, contact_id, touchpoint, channel, mode, content_id, day
-- columns:
--   journey | text | key | journey
--   account_id | text | key | account
--   contact_id | text | key | person, '' where unknown
--   touchpoint | text | - | the events' name
--   channel | text | - | channel
--   mode | text | - | assisted or self_service
--   content_id | text | key | content seen
--   day | date | day | day in the pipeline's time zone
--   role | text | - | buying role of the person; unknown where none is known
--   stage | text | - | the account's stage when the day began
select
    cfg_journey.journey,
    touch.account_id,
    touch.contact_id,
    touch.touchpoint,
    touch.channel,
    touch.mode,
    touch.content_id,
    touch.day,
    coalesce(stg_contact.buying_role, 'unknown') as role,
    coalesce(int_stage_stay.stage, cfg_journey.otherwise) as stage
from cfg_journey
cross join int_attribution_touch as touch
left join stg_contact on touch.contact_id = stg_contact.contact_id
left join int_stage_stay
    on cfg_journey.journey = int_stage_stay.journey
    and touch.account_id = int_stage_stay.account_id
    and int_stage_stay.entered_on < touch.day
    and coalesce(int_stage_stay.left_on >= touch.day, true)
where touch.content_id <> 'none'
