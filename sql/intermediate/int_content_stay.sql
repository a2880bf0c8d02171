-- One stay of an account in a stage that can tell what content did: its beginning was
-- seen, it lasted longer than the days in which content counts as seen (the landmark),
-- the touches cover these days, and what followed within the window is known. Without the
-- landmark an account that moves fast would count against content it had no time to see.
-- From the last stage of a journey there is nowhere to go.
-- grain: journey, account_id, entered_on
-- columns:
--   journey | text | key | journey
--   account_id | text | key | account
--   stage | text | - | stage
--   entered_on | date | day | first day at whose end the account was in it
--   landmark_on | date | day | last day on which content counts as seen
--   moved | boolean | - | it went to a later stage within the window after the landmark
with

coverage as (
    select min(day) as first_day
    from int_attribution_touch
),

last_stage as (
    select
        journey,
        max(stage_number) as stage_number
    from cfg_stage
    group by journey
),

followed as (
    select
        *,
        lead(stage_number) over (
            partition by journey, account_id order by entered_on
        ) as next_number
    from int_stage_stay
),

dated as (
    select
        followed.*,
        followed.entered_on
            + cast(cfg_attribution.content_landmark_days as int) as landmark_on,
        followed.entered_on
            + cast(cfg_attribution.content_landmark_days as int)
            + cast(cfg_attribution.content_window_days as int) as decided_on
    from cfg_attribution
    cross join coverage
    cross join followed
    inner join last_stage
        on followed.journey = last_stage.journey
        and followed.stage_number < last_stage.stage_number
    where followed.is_entry_seen
        and followed.entered_on >= coverage.first_day
)

select
    journey,
    account_id,
    stage,
    entered_on,
    landmark_on,
    coalesce(next_number > stage_number and left_on <= decided_on, false) as moved
from dated
where coalesce(left_on > landmark_on, true)
    -- also where it has ended: else of young stays only the quick ones would count
    and decided_on <= $as_of
