-- Between when and when one unit could be in one funnel, for each value of the property
-- held constant: its first and its latest touch that an attempt can begin with, and the
-- end of the window of the latter, which no attempt outlives. Whoever has no such touch
-- never enters, and nobody's touches before the first or after that end matter.
-- grain: funnel, unit_id, held_value
-- columns:
--   funnel | text | key | funnel
--   unit_id | text | key | unit of the funnel
--   held_value | text | - | value of the property held constant; '' where none is
--   first_start_at | timestamp | UTC | first touch that an attempt can begin with
--   newest_start_at | timestamp | UTC | latest touch that an attempt can begin with
--   latest_end_at | timestamp | UTC | when the window of an attempt from there ends
with

start as (
    select
        funnel,
        unit_id,
        held_value,
        min(occurred_at) as first_start_at,
        max(occurred_at) as newest_start_at
    from int_funnel_touch
    where is_start
    group by funnel, unit_id, held_value
)

-- the window of one touch, as the funnels count it: months and business days included
select
    start.funnel,
    start.unit_id,
    start.held_value,
    start.first_start_at,
    start.newest_start_at,
    window_funnel(
        cfg_funnel.window_terms, 0, start.newest_start_at, start.unit_id, 1
    )['ends_at'] as latest_end_at
from cfg_funnel
inner join start on cfg_funnel.funnel = start.funnel
group by
    start.funnel,
    start.unit_id,
    start.held_value,
    start.first_start_at,
    start.newest_start_at
