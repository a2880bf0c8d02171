-- Credit of one value under the models that look at the place of a touch: first, last,
-- linear, position (40 % to the first, 40 % to the last, 20 % to those between; one touch
-- takes all, two take half each) and time_decay (halved with every half-life before the
-- win). Each conversion is divided over its touches to the last unit, larger remainders
-- first and of equal ones the earlier touch, and only then summed by value.
-- grain: model, dimension, dimension_value, currency
-- columns:
--   model | text | - | first, last, linear, position or time_decay
--   dimension | text | - | channel, mode, touchpoint or content
--   dimension_value | text | - | value
--   currency | text | ISO 4217 | currency of the value
--   credited_conversions | decimal(38,6) | conversions | credit
--   credited_value | decimal(38,4) | currency | credit
with

-- all lists of a conversion are in the same order, whichever that is
conversion as (
    select
        touch.opportunity_id,
        max(touch.touches) as touches,
        cast(1 as decimal(38,6)) as one,
        array_agg(int_touch_kind.kind) as kinds,
        array_agg(touch.position) as positions,
        array_agg(cast(1 as double)) as linear_weights,
        array_agg(
            case
                when touch.touches <= 2 then 0.5
                when touch.position in (1, touch.touches) then 0.4
                else 0.2 / (touch.touches - 2)
            end
        ) as position_weights,
        array_agg(power(0.5, touch.days_before / (1.0 * half_life_days))) as decay_weights
    from cfg_attribution
    cross join int_conversion_touch as touch
    inner join int_touch_kind
        on touch.channel = int_touch_kind.channel
        and touch.mode = int_touch_kind.mode
        and touch.touchpoint = int_touch_kind.touchpoint
        and touch.content = int_touch_kind.content
    group by touch.opportunity_id
),

credited as (
    select
        int_won_deal.currency,
        int_won_deal.amount,
        conversion.touches,
        unnest(kinds) as kind,
        unnest(positions) as position,
        unnest(apportion(one, linear_weights, positions)) as linear_share,
        unnest(apportion(amount, linear_weights, positions)) as linear_value,
        unnest(apportion(one, position_weights, positions)) as position_share,
        unnest(apportion(amount, position_weights, positions)) as position_value,
        unnest(apportion(one, decay_weights, positions)) as decay_share,
        unnest(apportion(amount, decay_weights, positions)) as decay_value
    from conversion
    inner join int_won_deal on conversion.opportunity_id = int_won_deal.opportunity_id
),

by_kind as (
    select
        kind,
        currency,
        count(*) filter (where position = 1) as first_share,
        sum(amount) filter (where position = 1) as first_value,
        count(*) filter (where position = touches) as last_share,
        sum(amount) filter (where position = touches) as last_value,
        sum(linear_share) as linear_share,
        sum(linear_value) as linear_value,
        sum(position_share) as position_share,
        sum(position_value) as position_value,
        sum(decay_share) as decay_share,
        sum(decay_value) as decay_value
    from credited
    group by kind, currency
),

by_value as (
    select
        axis.dimension,
        case axis.dimension
            when 'channel' then int_touch_kind.channel
            when 'mode' then int_touch_kind.mode
            when 'touchpoint' then int_touch_kind.touchpoint
            else int_touch_kind.content
        end as dimension_value,
        by_kind.*
    from (values ('channel'), ('mode'), ('touchpoint'), ('content')) as axis (dimension)
    cross join by_kind
    inner join int_touch_kind on by_kind.kind = int_touch_kind.kind
),

summed as (
    select
        dimension,
        dimension_value,
        currency,
        sum(first_share) as first_share,
        sum(first_value) as first_value,
        sum(last_share) as last_share,
        sum(last_value) as last_value,
        sum(linear_share) as linear_share,
        sum(linear_value) as linear_value,
        sum(position_share) as position_share,
        sum(position_value) as position_value,
        sum(decay_share) as decay_share,
        sum(decay_value) as decay_value
    from by_value
    group by dimension, dimension_value, currency
)

select
    way.model,
    summed.dimension,
    summed.dimension_value,
    summed.currency,
    case way.model
        when 'first' then cast(summed.first_share as decimal(38,6))
        when 'last' then cast(summed.last_share as decimal(38,6))
        when 'linear' then cast(summed.linear_share as decimal(38,6))
        when 'position' then cast(summed.position_share as decimal(38,6))
        else cast(summed.decay_share as decimal(38,6))
    end as credited_conversions,
    coalesce(case way.model
        when 'first' then cast(summed.first_value as decimal(38,4))
        when 'last' then cast(summed.last_value as decimal(38,4))
        when 'linear' then cast(summed.linear_value as decimal(38,4))
        when 'position' then cast(summed.position_value as decimal(38,4))
        else cast(summed.decay_value as decimal(38,4))
    end, cast(0 as decimal(38,4))) as credited_value
from (
    values ('first'), ('last'), ('linear'), ('position'), ('time_decay')
) as way (model)
cross join summed
