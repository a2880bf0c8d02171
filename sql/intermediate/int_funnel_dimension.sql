-- One attribute of a unit of a funnel by which funnels break down, as it was at the first
-- step. Where nobody knows how it was then, the earliest value known is taken and is
-- marked: today's, where nothing keeps an older one.
-- grain: funnel, unit_id, dimension
-- materialise: view
-- columns:
--   funnel | text | key | funnel
--   unit_id | text | key | unit of the funnel
--   dimension | text | - | all, segment, region, …, owner, channel, mode or role
--   dimension_value | text | - | value of the attribute; unknown where there is none
--   is_undated | boolean | - | nobody knows whether the value held at the first step
select
    funnel,
    unit_id,
    'all' as dimension,
    'all' as dimension_value,
    false as is_undated
from int_funnel_unit
union all
select
    funnel,
    unit_id,
    attribute as dimension,
    value as dimension_value,
    is_undated
from int_funnel_attribute
where step_number = 1
