-- Credit of one value as its Shapley value in the game where a set of values is worth the
-- conversions that met no other. There the Shapley value has a closed form: each
-- conversion is divided equally over the values it met (Zhao, Mahboobi, Bagheri 2018).
-- Divided to the last unit, of equal remainders first the value earlier in the alphabet.
-- grain: dimension, dimension_value, currency
-- columns:
--   dimension | text | - | channel, mode, touchpoint or content
--   dimension_value | text | - | value
--   currency | text | ISO 4217 | currency of the value
--   credited_conversions | decimal(38,6) | conversions | credit
--   credited_value | decimal(38,4) | currency | credit
with

coalition as (
    select
        opportunity_id,
        dimension,
        array_agg(dimension_value order by dimension_value) as members,
        array_agg(cast(1 as double) order by dimension_value) as weights
    from int_conversion_value
    group by opportunity_id, dimension
),

credited as (
    select
        coalition.dimension,
        int_won_deal.currency,
        unnest(members) as dimension_value,
        unnest(apportion(cast(1 as decimal(38,6)), weights)) as conversion_share,
        unnest(apportion(amount, weights)) as value_share
    from coalition
    inner join int_won_deal on coalition.opportunity_id = int_won_deal.opportunity_id
)

select
    dimension,
    dimension_value,
    currency,
    cast(sum(conversion_share) as decimal(38,6)) as credited_conversions,
    cast(coalesce(sum(value_share), 0) as decimal(38,4)) as credited_value
from credited
group by dimension, dimension_value, currency
