-- One journey as the values it passed, in order: the touches before a won deal, or a
-- stretch of touches after which none was won. Touches are without a win when no deal of
-- the account was won within the look-back window after them and that window is over;
-- younger ones are still open and left out. Such touches are cut into stretches of the
-- calendar as long as the window, so that journeys of both kinds have the same reach.
-- grain: journey_id
-- columns:
--   journey_id | text | key | won:<deal>, or none:<number of the stretch>:<account>
--   conversions | integer | journeys | 1 where a deal was won
--   nulls | integer | journeys | 1 where none was
--   channels | list<text> | - | channel of each touch, in order
--   modes | list<text> | - | mode of each touch
--   touchpoints | list<text> | - | name of each touch
--   contents | list<text> | - | content of each touch
with

unanswered as (
    select
        concat(
            'none:',
            cast(
                (int_journey_touch.day - date '1970-01-01') / cfg_attribution.window_days
                as text
            ),
            ':',
            int_journey_touch.account_id
        ) as journey_id,
        int_journey_touch.*
    from cfg_attribution
    cross join int_journey_touch
    left anti join int_won_deal
        on int_journey_touch.account_id = int_won_deal.account_id
        and int_journey_touch.day >= int_won_deal.touches_from
        and int_journey_touch.first_at <= int_won_deal.won_at
    where $as_of - int_journey_touch.day > cfg_attribution.window_days
),

placed as (
    select
        concat('won:', opportunity_id) as journey_id,
        1 as conversions,
        position,
        channel,
        mode,
        touchpoint,
        content
    from int_conversion_touch
    union all
    select
        journey_id,
        0 as conversions,
        row_number() over (
            partition by journey_id
            order by first_at, contact_id, touchpoint, raw_channel, mode, content_id
        ) as position,
        channel,
        mode,
        touchpoint,
        content
    from unanswered
)

select
    journey_id,
    cast(conversions as bigint) as conversions,
    cast(1 - conversions as bigint) as nulls,
    array_agg(channel order by position) as channels,
    array_agg(mode order by position) as modes,
    array_agg(touchpoint order by position) as touchpoints,
    array_agg(content order by position) as contents
from placed
group by journey_id, conversions
