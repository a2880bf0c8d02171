-- Who gets credit for the deals that were won, by seven models, on the journeys of
-- accounts with all their people together. The credits of a model, a dimension and a
-- currency sum exactly to the conversions and to their value; conversions without a touch
-- in the window are credited to no_touch. first, last, linear, position, time_decay and
-- shapley divide every conversion; markov divides all of them by what would be lost
-- without the value. All of this describes; that a channel caused a deal only an
-- experiment can show.
-- grain: model, dimension, dimension_value, currency
-- columns:
--   model | text | - | first, last, linear, position, time_decay, markov or shapley
--   dimension | text | - | channel, mode, touchpoint or content
--   dimension_value | text | - | value; unknown, none or no_touch where there is none
--   currency | text | ISO 4217 | currency of the credited value
--   credited_conversions | decimal(38,6) | conversions | credit for won deals
--   credited_value | decimal(38,4) | currency | credit for the value of won deals
--   removal_effect | float | 0-1 | markov: conversions lost without it; else null
--   conversions | integer | deals | n: won deals in this currency that met the value
--   conversions_without_value | integer | deals | of these, those that state no amount
--   touches | integer | touches | touches of these deals with the value
--   is_too_few | boolean | - | conversions are below the pipeline's minimum
with

untouched as (
    select
        currency,
        count(*) as conversions,
        count(*) - count(amount) as conversions_without_value,
        coalesce(sum(amount), 0) as amount
    from int_won_deal
    left anti join int_conversion_touch
        on int_won_deal.opportunity_id = int_conversion_touch.opportunity_id
    where int_won_deal.is_counted
    group by currency
),

credit as (
    select
        model,
        dimension,
        dimension_value,
        currency,
        credited_conversions,
        credited_value,
        cast(null as double) as removal_effect
    from int_touch_credit
    union all
    select
        'shapley' as model,
        dimension,
        dimension_value,
        currency,
        credited_conversions,
        credited_value,
        cast(null as double) as removal_effect
    from int_shapley_credit
    union all
    select
        'markov' as model,
        dimension,
        dimension_value,
        currency,
        credited_conversions,
        credited_value,
        removal_effect
    from int_markov_credit
    union all
    select
        way.model,
        axis.dimension,
        'no_touch' as dimension_value,
        untouched.currency,
        cast(untouched.conversions as decimal(38,6)) as credited_conversions,
        cast(untouched.amount as decimal(38,4)) as credited_value,
        cast(null as double) as removal_effect
    from (
        values
            ('first'), ('last'), ('linear'), ('position'), ('time_decay'), ('markov'),
            ('shapley')
    ) as way (model)
    cross join (
        values ('channel'), ('mode'), ('touchpoint'), ('content')
    ) as axis (dimension)
    cross join untouched
),

met as (
    select
        int_conversion_value.dimension,
        int_conversion_value.dimension_value,
        int_won_deal.currency,
        count(*) as conversions,
        count(*) - count(int_won_deal.amount) as conversions_without_value,
        sum(int_conversion_value.touches) as touches
    from int_conversion_value
    inner join int_won_deal
        on int_conversion_value.opportunity_id = int_won_deal.opportunity_id
    group by
        int_conversion_value.dimension,
        int_conversion_value.dimension_value,
        int_won_deal.currency
    union all
    select
        axis.dimension,
        'no_touch' as dimension_value,
        untouched.currency,
        untouched.conversions,
        untouched.conversions_without_value,
        cast(0 as bigint) as touches
    from (
        values ('channel'), ('mode'), ('touchpoint'), ('content')
    ) as axis (dimension)
    cross join untouched
)

select
    credit.model,
    credit.dimension,
    credit.dimension_value,
    credit.currency,
    credit.credited_conversions,
    credit.credited_value,
    credit.removal_effect,
    coalesce(met.conversions, 0) as conversions,
    coalesce(met.conversions_without_value, 0) as conversions_without_value,
    coalesce(met.touches, 0) as touches,
    coalesce(met.conversions, 0) < cfg_pipeline.minimum_n as is_too_few
from cfg_pipeline
cross join credit
left join met
    on credit.dimension = met.dimension
    and credit.dimension_value = met.dimension_value
    and credit.currency = met.currency
