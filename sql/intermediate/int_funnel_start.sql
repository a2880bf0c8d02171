-- Between when and when one unit could enter one funnel, for each value of the property
-- held constant: its first and its latest touch that an attempt can begin with. Whoever
-- has none never enters, and nobody's touches before the first one matter.
-- grain: funnel, unit_id, held_value
-- columns:
--   funnel | text | key | funnel
--   unit_id | text | key | unit of the funnel
--   held_value | text | - | value of the property held constant; '' where none is
--   first_start_at | timestamp | UTC | first touch that an attempt can begin with
--   newest_start_at | timestamp | UTC | latest touch that an attempt can begin with
select
    funnel,
    unit_id,
    held_value,
    min(occurred_at) as first_start_at,
    max(occurred_at) as newest_start_at
from int_funnel_touch
where is_start
group by funnel, unit_id, held_value
