-- One touch of an account's journey, with its values as attribution shows them: channels
-- and contents that are not kept apart read `other`.
-- grain: account_id, contact_id, touchpoint, raw_channel, mode, content_id, day
-- materialise: view
-- columns:
--   account_id | text | key | account
--   contact_id | text | key | person, '' where unknown
--   touchpoint | text | - | the events' name
--   raw_channel | text | - | channel as given
--   channel | text | - | channel as shown
--   mode | text | - | assisted or self_service; unknown where none is given
--   content_id | text | key | content as given; none where the touch shows none
--   content | text | - | content as shown
--   day | date | day | day in the pipeline's time zone
--   first_at | timestamp | UTC | when the first of them happened
select
    int_attribution_touch.account_id,
    int_attribution_touch.contact_id,
    int_attribution_touch.touchpoint,
    int_attribution_touch.channel as raw_channel,
    coalesce(kept_channel.dimension_value, 'other') as channel,
    int_attribution_touch.mode,
    int_attribution_touch.content_id,
    coalesce(kept_content.dimension_value, 'other') as content,
    int_attribution_touch.day,
    int_attribution_touch.first_at
from int_attribution_touch
left join int_attribution_value as kept_channel
    on int_attribution_touch.channel = kept_channel.dimension_value
    and kept_channel.dimension = 'channel'
left join int_attribution_value as kept_content
    on int_attribution_touch.content_id = kept_content.dimension_value
    and kept_content.dimension = 'content'
