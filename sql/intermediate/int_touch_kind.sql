-- One kind of touch before a conversion, with a number: lists of numbers are much smaller
-- than lists of texts.
-- grain: kind
-- columns:
--   kind | integer | - | number of the kind, in the order of the texts
--   channel | text | - | channel as shown
--   mode | text | - | assisted or self_service, as shown
--   touchpoint | text | - | the events' name
--   content | text | - | content as shown
with

kinds as (
    select distinct
        channel,
        mode,
        touchpoint,
        content
    from int_conversion_touch
)

select
    cast(row_number() over (order by channel, mode, touchpoint, content) as bigint)
        as kind,
    channel,
    mode,
    touchpoint,
    content
from kinds
