-- What the measures of a customer would make of the score if one weight of the profile
-- were a tenth higher or lower: the weight of a dimension, or of a measure within it.
-- grain: account_id, weight_of, name, direction
-- columns:
--   account_id | text | key | customer
--   weight_of | text | - | dimension or measure
--   name | text | - | whose weight is moved
--   direction | text | - | higher or lower
--   profile | text | - | health profile that applies
--   score | decimal(12,6) | 0-100 | score of the measures with the weight moved
with

factor as (
    select * from (values ('higher', 1.1), ('lower', 0.9)) as listed (direction, factor)
),

moved as (
    select
        int_health_dimension.account_id,
        'dimension' as weight_of,
        int_health_dimension.dimension_name as name,
        factor.direction,
        int_health_dimension.dimension_name,
        cast(int_health_dimension.weight as double) * cast(factor.factor as double)
            as weight,
        cast(int_health_dimension.value as double) as value
    from factor
    cross join int_health_dimension
    union all
    select
        int_health_dimension.account_id,
        'measure' as weight_of,
        int_health_part.measure as name,
        factor.direction,
        int_health_dimension.dimension_name,
        cast(int_health_dimension.weight as double) as weight,
        case
            when cfg_health_measure.dimension_combiner = 'worst_of'
                then cast(int_health_dimension.value as double)
            else (
                cast(int_health_dimension.value * int_health_dimension.measures_weight
                    as double)
                + cast(int_health_input.normalised as double)
                * cast(cfg_health_measure.measure_weight as double)
                * (cast(factor.factor as double) - 1)
            ) / (
                cast(int_health_dimension.measures_weight as double)
                + cast(cfg_health_measure.measure_weight as double)
                * (cast(factor.factor as double) - 1)
            )
        end as value
    from factor
    cross join int_health_part
    inner join int_health_input
        on int_health_part.account_id = int_health_input.account_id
        and int_health_part.scenario = int_health_input.scenario
        and int_health_part.measure = int_health_input.measure
    inner join cfg_health_measure
        on int_health_input.profile = cfg_health_measure.profile
        and int_health_part.measure = cfg_health_measure.measure
    inner join int_health_dimension
        on int_health_part.account_id = int_health_dimension.account_id
        and int_health_part.dimension_name = int_health_dimension.dimension_name
    where int_health_part.scenario = 'now'
        and int_health_part.contribution is not null
)

select
    moved.account_id,
    moved.weight_of,
    moved.name,
    moved.direction,
    int_health_profile.profile,
    cast(
        case cfg_health.combiner
            when 'worst_of' then least(
                moved.value,
                coalesce(cast(int_health_dimension.other_lowest as double), moved.value)
            )
            when 'points_from_neutral' then least(greatest(
                50 + cast(cfg_health.reach as double) / 50 * (
                    cast(int_health_dimension.other_points as double)
                    - 50 * cast(int_health_dimension.other_weight as double)
                    + moved.weight * (moved.value - 50)
                ), 0
            ), 100)
            else (
                cast(int_health_dimension.other_points as double)
                + moved.weight * moved.value
            ) / (cast(int_health_dimension.other_weight as double) + moved.weight)
        end as decimal(12,6)
    ) as score
from moved
inner join int_health_dimension
    on moved.account_id = int_health_dimension.account_id
    and moved.dimension_name = int_health_dimension.dimension_name
inner join int_health_profile on moved.account_id = int_health_profile.account_id
inner join cfg_health on int_health_profile.profile = cfg_health.profile
