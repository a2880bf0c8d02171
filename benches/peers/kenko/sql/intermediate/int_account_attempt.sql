-- How far an account came through the funnel, and since when: of the attempts that came
-- furthest the earliest. The touches of the window and a day are looked at: an attempt that
-- began before can go no further, and is known.
-- grain: account_id
-- accumulates: day
-- lookback: 91 days
-- columns:
--   account_id | integer | key | account
--   steps | integer | steps | steps taken
--   started_at | timestamp | UTC | the first of them
--   took | integer | microseconds | time to the last step; null if it was not taken
with

attempt as (
    select
        account_id,
        -- times do not tie, so no key is needed to order them
        window_funnel('strict_increase', 7776000000000, occurred_at, '', 1 << touch)
            as outcome
    from int_touch
    where touch <= 4
    group by account_id
),

latest as (
    select
        account_id,
        outcome['steps_reached'] as steps,
        outcome['started_at'] as started_at,
        arrow_cast(outcome['reached_at'][5], 'Int64')
            - arrow_cast(outcome['started_at'], 'Int64') as took
    from attempt
),

compared as (
    select
        coalesce(latest.account_id, known.account_id) as account_id,
        latest.steps > coalesce(known.steps, -1)
            or (latest.steps = known.steps and latest.started_at < known.started_at)
            as is_further,
        latest.steps,
        latest.started_at,
        latest.took,
        known.steps as known_steps,
        known.started_at as known_started_at,
        known.took as known_took
    from latest
    full outer join earlier_int_account_attempt as known
        on latest.account_id = known.account_id
)

select
    account_id,
    case when is_further then steps else known_steps end as steps,
    case when is_further then started_at else known_started_at end as started_at,
    case when is_further then took else known_took end as took
from compared
