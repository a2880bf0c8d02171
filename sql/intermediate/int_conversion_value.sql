-- One value that a counted conversion met in its window, whatever the order and however
-- often: the members of its coalition, and what n counts.
-- grain: opportunity_id, dimension, dimension_value
-- columns:
--   opportunity_id | text | key | the won deal
--   dimension | text | - | channel, mode, touchpoint or content
--   dimension_value | text | - | value
--   touches | integer | touches | touches with it in the window
select
    int_conversion_touch.opportunity_id,
    axis.dimension,
    case axis.dimension
        when 'channel' then int_conversion_touch.channel
        when 'mode' then int_conversion_touch.mode
        when 'touchpoint' then int_conversion_touch.touchpoint
        else int_conversion_touch.content
    end as dimension_value,
    count(*) as touches
from (values ('channel'), ('mode'), ('touchpoint'), ('content')) as axis (dimension)
cross join int_conversion_touch
group by
    int_conversion_touch.opportunity_id,
    axis.dimension,
    case axis.dimension
        when 'channel' then int_conversion_touch.channel
        when 'mode' then int_conversion_touch.mode
        when 'touchpoint' then int_conversion_touch.touchpoint
        else int_conversion_touch.content
    end
