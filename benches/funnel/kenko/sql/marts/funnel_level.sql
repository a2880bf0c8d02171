-- How far one unit came within ten days in one mode.
-- grain: mode, unit
-- columns:
--   mode | text | key | as window_funnel reads it
--   unit | integer | key | unit
--   level | integer | steps | furthest step reached; 0 for none
with

mode as (
    select
        column1 as mode
    from (
        values
            ('ordered'),
            ('strict_increase'),
            ('strict_once'),
            ('strict_once+strict_increase'),
            ('strict_order'),
            ('strict_deduplication')
    ) as modes
),

counted as (
    select
        mode.mode,
        stg_touch.unit,
        window_funnel(
            mode.mode,
            864000000000,
            stg_touch.occurred_at,
            stg_touch.touch_id,
            stg_touch.step_mask
        ) as outcome
    from mode
    cross join stg_touch
    group by mode.mode, stg_touch.unit
)

select
    mode,
    unit,
    outcome['steps_reached'] as level
from counted
