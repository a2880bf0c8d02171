-- One stay of a deal in a stage that can tell what content did: it lasted longer than the
-- days in which content counts as seen (the landmark), the touches cover these days, and
-- what followed within the window is known. Without the landmark a deal that moves fast
-- would count against content it had no time to see.
-- grain: opportunity_id, entered_at, stage
-- columns:
--   opportunity_id | text | key | deal
--   account_id | text | key | account
--   stage | text | - | stage
--   entered_at | timestamp | UTC | when it was entered
--   landmark_on | date | day | last day on which content counts as seen
--   moved | boolean | - | the deal stepped forward within the window after the landmark
with

coverage as (
    select min(day) as first_day
    from int_attribution_touch
),

dated as (
    select
        int_deal_stage_stay.*,
        int_deal_stage_stay.entered_on
            + cast(cfg_attribution.content_landmark_days as int) as landmark_on,
        int_deal_stage_stay.entered_on
            + cast(cfg_attribution.content_landmark_days as int)
            + cast(cfg_attribution.content_window_days as int) as decided_on
    from cfg_attribution
    cross join coverage
    cross join int_deal_stage_stay
    where int_deal_stage_stay.entered_on >= coverage.first_day
        and int_deal_stage_stay.stage not in ('won', 'lost')
)

select
    opportunity_id,
    account_id,
    stage,
    entered_at,
    landmark_on,
    coalesce(is_forward and left_on <= decided_on, false) as moved
from dated
where coalesce(left_on > landmark_on, true)
    -- also where it has ended: else of young stays only the quick ones would count
    and decided_on <= $as_of
