-- How far a person came through the funnel, and since when: of the attempts that came
-- furthest the earliest. A person without a new touch stays as it was. For all others the
-- touches of the window and a day are looked at again: an attempt that began before can
-- go no further.
-- grain: contact_id
-- accumulates: day
-- lookback: 91 days
-- columns:
--   contact_id | integer | key | contact
--   steps | integer | steps | steps taken
--   started_at | timestamp | UTC | the first of them
--   took | integer | microseconds | time to the last step; null if it was not taken
with

touched as (
    select distinct int_touch.contact_id
    from run_earlier
    inner join int_touch on run_earlier.day < int_touch.day
    where int_touch.touch <= 4
),

attempt as (
    select
        int_touch.contact_id,
        -- times do not tie, so no key is needed to order them
        window_funnel(
            'strict_increase', 7776000000000, int_touch.occurred_at, '', 1 << int_touch.touch
        ) as outcome
    from touched
    inner join int_touch on touched.contact_id = int_touch.contact_id
    where int_touch.touch <= 4
    group by int_touch.contact_id
),

latest as (
    select
        contact_id,
        outcome['steps_reached'] as steps,
        outcome['started_at'] as started_at,
        arrow_cast(outcome['reached_at'][5], 'Int64')
            - arrow_cast(outcome['started_at'], 'Int64') as took
    from attempt
),

compared as (
    select
        coalesce(latest.contact_id, known.contact_id) as contact_id,
        latest.steps > coalesce(known.steps, -1) as is_further,
        latest.steps,
        latest.started_at,
        latest.took,
        known.steps as known_steps,
        known.started_at as known_started_at,
        known.took as known_took
    from latest
    full outer join earlier_int_contact_attempt as known
        on latest.contact_id = known.contact_id
)

select
    contact_id,
    case when is_further then steps else known_steps end as steps,
    case when is_further then started_at else known_started_at end as started_at,
    case when is_further then took else known_took end as took
from compared
