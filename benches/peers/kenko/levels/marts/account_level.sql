-- How many accounts came how far through the funnel within 90 days of its first step, counted
-- from the events without keeping anything.
-- grain: level
-- columns:
--   level | integer | steps | steps taken
--   units | integer | accounts | accounts that came just so far
with

reached as (
    select
        account_id,
        -- times do not tie, so no key is needed to order them
        window_funnel('strict_increase', 7776000000000, occurred_at, '', 1 << step)
            as outcome
    from stg_step
    group by account_id
)

select
    outcome['steps_reached'] as level,
    count(*) as units
from reached
group by outcome['steps_reached']
