-- One channel or content that attribution keeps apart: the most frequent ones, up to the
-- pipeline's number. Ties go by name.
-- grain: dimension, dimension_value
-- columns:
--   dimension | text | - | channel or content
--   dimension_value | text | - | value
--   touches | integer | touches | touches with it
with

counted as (
    select
        'channel' as dimension,
        channel as dimension_value,
        count(*) as touches
    from int_attribution_touch
    group by channel
    union all
    select
        'content' as dimension,
        content_id as dimension_value,
        count(*) as touches
    from int_attribution_touch
    group by content_id
),

ranked as (
    select
        dimension,
        dimension_value,
        touches,
        row_number() over (
            partition by dimension
            order by touches desc, dimension_value
        ) as position
    from counted
)

select
    ranked.dimension,
    ranked.dimension_value,
    ranked.touches
from cfg_attribution
cross join ranked
where ranked.position <= cfg_attribution.values_max
