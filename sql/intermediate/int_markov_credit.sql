-- Credit of one value by its removal effect: how many fewer journeys would convert if the
-- value led nowhere, as a share of the sum of these effects. The effects are those of all
-- journeys together, so the conversions of each currency are divided as one sum, to the
-- last unit; of equal remainders first the value earlier in the alphabet.
-- grain: dimension, dimension_value, currency
-- columns:
--   dimension | text | - | channel, mode, touchpoint or content
--   dimension_value | text | - | value
--   currency | text | ISO 4217 | currency of the value
--   removal_effect | float | 0-1 | share of the conversions that would be lost
--   credited_conversions | decimal(38,6) | conversions | credit
--   credited_value | decimal(38,4) | currency | credit
with

path as (
    select 'channel' as dimension, channels as passed, conversions, nulls
    from int_journey_path
    union all
    select 'mode' as dimension, modes as passed, conversions, nulls
    from int_journey_path
    union all
    select 'touchpoint' as dimension, touchpoints as passed, conversions, nulls
    from int_journey_path
    union all
    select 'content' as dimension, contents as passed, conversions, nulls
    from int_journey_path
),

chain as (
    select
        dimension,
        removal_effects(passed, conversions, nulls) as effects
    from path
    group by dimension
),

effect as (
    select
        dimension,
        unnest(effects) as effect
    from chain
),

weight as (
    select
        dimension,
        array_agg(effect['value'] order by effect['value']) as members,
        array_agg(effect['effect'] order by effect['value']) as weights
    from effect
    group by dimension
),

touched as (
    select
        currency,
        count(*) as conversions,
        sum(amount) as amount
    from int_won_deal
    left semi join int_conversion_touch
        on int_won_deal.opportunity_id = int_conversion_touch.opportunity_id
    group by currency
),

credited as (
    select
        weight.dimension,
        touched.currency,
        unnest(members) as dimension_value,
        unnest(weights) as removal_effect,
        unnest(apportion(cast(conversions as decimal(38,6)), weights))
            as credited_conversions,
        unnest(apportion(cast(amount as decimal(38,4)), weights)) as credited_value
    from weight
    cross join touched
)

select
    dimension,
    dimension_value,
    currency,
    removal_effect,
    credited_conversions,
    coalesce(credited_value, cast(0 as decimal(38,4))) as credited_value
from credited
