-- One dimension of a customer's score as it is now, of which something is known, with
-- what the other dimensions come to: enough to say what the score would be if this one
-- counted more, or were another.
-- grain: account_id, dimension_name
-- columns:
--   account_id | text | key | customer
--   dimension_name | text | - | the side of the relationship
--   value | decimal(12,6) | 0-100 | the dimension
--   weight | decimal(9,4) | - | its weight among the dimensions
--   measures_weight | decimal(38,4) | - | weight of its measures that are known
--   other_weight | decimal(38,4) | - | weight of the other dimensions that are known
--   other_points | decimal(38,10) | points | their values times their weights
--   other_lowest | decimal(12,6) | 0-100 | the lowest of them, null where there is none
with

dimension as (
    select
        int_health_part.account_id,
        int_health_part.dimension_name,
        int_health_part.dimension_value as value,
        cfg_health_measure.dimension_weight as weight,
        sum(cast(cfg_health_measure.measure_weight as decimal(38,4))) as measures_weight
    from int_health_part
    inner join int_health_profile
        on int_health_part.account_id = int_health_profile.account_id
    inner join cfg_health_measure
        on int_health_profile.profile = cfg_health_measure.profile
        and int_health_part.measure = cfg_health_measure.measure
    where int_health_part.scenario = 'now'
        and int_health_part.contribution is not null
    group by
        int_health_part.account_id,
        int_health_part.dimension_name,
        int_health_part.dimension_value,
        cfg_health_measure.dimension_weight
),

ordered as (
    select
        *,
        row_number() over (partition by account_id order by value, dimension_name)
            as from_lowest,
        lead(value) over (partition by account_id order by value, dimension_name)
            as next_value,
        first_value(value) over (partition by account_id order by value, dimension_name)
            as lowest_value
    from dimension
)

select
    account_id,
    dimension_name,
    value,
    weight,
    cast(measures_weight as decimal(38,4)) as measures_weight,
    cast(
        sum(cast(weight as decimal(38,4))) over (partition by account_id) - weight
        as decimal(38,4)
    ) as other_weight,
    cast(
        sum(cast(weight * value as decimal(38,10))) over (partition by account_id)
        - weight * value as decimal(38,10)
    ) as other_points,
    case when from_lowest = 1 then next_value else lowest_value end as other_lowest
from ordered
