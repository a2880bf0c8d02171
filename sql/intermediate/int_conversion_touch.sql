-- One touch within the look-back window of a counted conversion, by anybody of the
-- account, with its place among the others. Of touches at the same instant the person,
-- then the names decide. A touch before two won deals belongs to both.
-- grain: opportunity_id, position
-- columns:
--   opportunity_id | text | key | the won deal
--   position | integer | - | 1 = first touch in the window
--   touches | integer | touches | touches in the window
--   touchpoint | text | - | the events' name
--   channel | text | - | channel as shown
--   mode | text | - | assisted or self_service
--   content | text | - | content as shown
--   days_before | integer | days | days from the touch to the win
with

near as (
    select
        int_won_deal.opportunity_id,
        int_won_deal.won_on - int_journey_touch.day as days_before,
        int_journey_touch.first_at,
        int_journey_touch.contact_id,
        int_journey_touch.touchpoint,
        int_journey_touch.raw_channel,
        int_journey_touch.channel,
        int_journey_touch.mode,
        int_journey_touch.content_id,
        int_journey_touch.content
    from int_won_deal
    inner join int_journey_touch
        on int_won_deal.account_id = int_journey_touch.account_id
        and int_journey_touch.day >= int_won_deal.touches_from
        and int_journey_touch.first_at <= int_won_deal.won_at
    where int_won_deal.is_counted
)

select
    opportunity_id,
    cast(row_number() over (
        partition by opportunity_id
        order by first_at, contact_id, touchpoint, raw_channel, mode, content_id
    ) as bigint) as position,
    cast(count(*) over (partition by opportunity_id) as bigint) as touches,
    touchpoint,
    channel,
    mode,
    content,
    cast(days_before as bigint) as days_before
from near
