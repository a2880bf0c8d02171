-- One touch that may get credit for a won deal: what one person of an account did of one
-- kind, on one channel, with one content, on one day of the pipeline's history. Which of
-- ours took part does not make two touches of one. Whoever of the account it was, it
-- belongs to the account's journey.
-- grain: account_id, contact_id, touchpoint, channel, mode, content_id, day
-- columns:
--   account_id | text | key | account
--   contact_id | text | key | person, '' where unknown
--   touchpoint | text | - | the events' name
--   channel | text | - | channel; unknown where none is given
--   mode | text | - | assisted or self_service; unknown where none is given
--   content_id | text | key | content seen; none where the touch shows none
--   day | date | day | day in the pipeline's time zone
--   first_at | timestamp | UTC | when the first of them happened
select
    int_activity.account_id,
    int_activity.contact_id,
    int_activity.touchpoint,
    coalesce(nullif(int_activity.channel, ''), 'unknown') as channel,
    coalesce(nullif(int_activity.mode, ''), 'unknown') as mode,
    coalesce(nullif(int_activity.content_id, ''), 'none') as content_id,
    int_activity.day,
    min(int_activity.first_at) as first_at
from cfg_pipeline
cross join int_activity
inner join cfg_attribution_touchpoint
    on int_activity.touchpoint = cfg_attribution_touchpoint.touchpoint
where int_activity.day <= $as_of
    and $as_of - int_activity.day < cfg_pipeline.history_days
group by
    int_activity.account_id,
    int_activity.contact_id,
    int_activity.touchpoint,
    coalesce(nullif(int_activity.channel, ''), 'unknown'),
    coalesce(nullif(int_activity.mode, ''), 'unknown'),
    coalesce(nullif(int_activity.content_id, ''), 'none'),
    int_activity.day
