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
with

first_touch as (
    select * from int_funnel_reached where step_number = 1
),

attribute as (
    select funnel, unit_id, 'owner' as dimension, owner_id as dimension_value,
        is_owner_undated as is_undated
    from first_touch
    union all
    select funnel, unit_id, 'segment' as dimension, segment as dimension_value,
        is_account_undated as is_undated
    from first_touch
    union all
    select funnel, unit_id, 'region' as dimension, region as dimension_value,
        is_account_undated as is_undated
    from first_touch
    union all
    select funnel, unit_id, 'industry' as dimension, industry as dimension_value,
        is_account_undated as is_undated
    from first_touch
    union all
    select funnel, unit_id, 'country' as dimension, country as dimension_value,
        is_account_undated as is_undated
    from first_touch
    union all
    select funnel, unit_id, 'size' as dimension, size as dimension_value,
        is_account_undated as is_undated
    from first_touch
    union all
    select funnel, unit_id, 'channel' as dimension, channel as dimension_value,
        false as is_undated
    from first_touch
    union all
    select funnel, unit_id, 'mode' as dimension, mode as dimension_value,
        false as is_undated
    from first_touch
    union all
    select funnel, unit_id, 'role' as dimension, role as dimension_value,
        is_role_undated as is_undated
    from first_touch
)

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
    dimension,
    coalesce(dimension_value, 'unknown') as dimension_value,
    is_undated
from attribute
