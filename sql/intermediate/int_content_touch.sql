-- One touch that showed content, with the role of the person and the stage of the
-- account's deal at that time: of several deals the one that entered its stage last.
-- Before the first deal the stage is no_deal.
-- grain: account_id, contact_id, touchpoint, channel, mode, content_id, day
-- columns:
--   account_id | text | key | account
--   contact_id | text | key | person, '' where unknown
--   touchpoint | text | - | the events' name
--   channel | text | - | channel
--   mode | text | - | assisted or self_service
--   content_id | text | key | content seen
--   day | date | day | day in the pipeline's time zone
--   first_at | timestamp | UTC | when the first of them happened
--   role | text | - | buying role of the person; unknown where none is known
--   stage | text | - | stage of the account's deal at that time
select
    touch.account_id,
    touch.contact_id,
    touch.touchpoint,
    touch.channel,
    touch.mode,
    touch.content_id,
    touch.day,
    touch.first_at,
    coalesce(stg_contact.buying_role, 'unknown') as role,
    coalesce(int_deal_stage_stay.stage, 'no_deal') as stage
from int_attribution_touch as touch
left join stg_contact on touch.contact_id = stg_contact.contact_id
left join int_deal_stage_stay
    on touch.account_id = int_deal_stage_stay.account_id
    and int_deal_stage_stay.entered_at <= touch.first_at
    and coalesce(int_deal_stage_stay.left_at > touch.first_at, true)
where touch.content_id <> 'none'
qualify row_number() over (
    partition by
        touch.account_id,
        touch.contact_id,
        touch.touchpoint,
        touch.channel,
        touch.mode,
        touch.content_id,
        touch.day
    order by
        int_deal_stage_stay.entered_at desc nulls last,
        int_deal_stage_stay.opportunity_id desc nulls last,
        int_deal_stage_stay.stage
) = 1
