-- How many accounts of a segment came how far through the funnel, within 90 days of its
-- first step, and how long those that converted took.
-- grain: segment
-- columns:
--   segment | text | key | segment of the account
--   units | integer | accounts | accounts there are
--   step_1 | integer | accounts | came to the first step
--   step_2 | integer | accounts | came to the second
--   step_3 | integer | accounts | came to the third
--   step_4 | integer | accounts | came to the fourth
--   step_5 | integer | accounts | converted
--   median_seconds | float | seconds | median time to the last step; null if none converted
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

unit as (
    select
        account_id,
        outcome['steps_reached'] as steps,
        arrow_cast(outcome['reached_at'][5], 'Int64')
            - arrow_cast(outcome['started_at'], 'Int64') as took
    from attempt
)

select
    who.segment,
    count(*) as units,
    count(*) filter (where unit.steps >= 1) as step_1,
    count(*) filter (where unit.steps >= 2) as step_2,
    count(*) filter (where unit.steps >= 3) as step_3,
    count(*) filter (where unit.steps >= 4) as step_4,
    count(*) filter (where unit.steps >= 5) as step_5,
    median(cast(unit.took as double) / 1e6) as median_seconds
from stg_customer as who
left join unit on who.account_id = unit.account_id
group by who.segment
