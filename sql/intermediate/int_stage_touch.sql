-- How often one person of one account touched us on one day, as one condition of a stage
-- rule counts it.
-- grain: condition_number, account_id, contact_id, day
-- columns:
--   condition_number | integer | key | condition of a rule
--   account_id | text | key | account
--   contact_id | text | key | person; '' where nobody is known
--   day | date | day | day in the pipeline's time zone
--   touches | integer | touches | touches of the condition
select
    cfg_stage_match.condition_number,
    int_touch_day.account_id,
    int_touch_day.contact_id,
    int_touch_day.day,
    sum(int_touch_day.touches) as touches
from int_touch_day
inner join cfg_stage_match
    on int_touch_day.touchpoint = cfg_stage_match.touchpoint
where coalesce(cfg_stage_match.channel, int_touch_day.channel) = int_touch_day.channel
group by
    cfg_stage_match.condition_number,
    int_touch_day.account_id,
    int_touch_day.contact_id,
    int_touch_day.day
