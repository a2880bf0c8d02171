-- What one measure adds to a customer's score, in one scenario. Measures make their
-- dimension and dimensions the score, each by its combiner:
--   weighted_mean: the weight of what is absent is spread over what is there
--   worst_of: the lowest takes all the weight, of equal ones the first by name
--   points_from_neutral (of profiles): a dimension moves the score by its weight times
--     reach times its distance from 50, in fiftieths; one that is absent moves nothing
-- Each is a sum of effective weights times values, so that contributions are differences
-- of the running sum rounded to six digits and sum to the score exactly: what rounding
-- takes from one measure it gives to the next.
-- grain: account_id, scenario, measure
-- columns:
--   account_id | text | key | customer
--   scenario | text | - | profile, presence or now
--   measure | text | - | name of the measure
--   dimension_name | text | - | the side of the relationship it belongs to
--   weight | decimal(18,8) | - | share of the whole when everything is known
--   dimension_value | decimal(12,6) | 0-100 | the dimension; null where nothing is known
--   effective_weight | float | 0-1 | share of the score; null without a number
--   contribution | decimal(12,6) | points | points of the score; null without a number
with

weighed as (
    select
        int_health_input.account_id,
        int_health_input.scenario,
        int_health_input.measure,
        int_health_input.normalised,
        cfg_health.combiner,
        cfg_health.reach,
        cfg_health_measure.dimension_name,
        cfg_health_measure.dimension_combiner,
        cfg_health_measure.dimension_weight,
        cfg_health_measure.measure_weight,
        sum(
            case when int_health_input.normalised is not null
                then cast(cfg_health_measure.measure_weight as decimal(38,4))
            end
        ) over (
            partition by
                int_health_input.account_id, int_health_input.scenario,
                cfg_health_measure.dimension_name
        ) as weight_present,
        row_number() over (
            partition by
                int_health_input.account_id, int_health_input.scenario,
                cfg_health_measure.dimension_name
            order by int_health_input.normalised nulls last, int_health_input.measure
        ) as from_worst
    from int_health_input
    inner join cfg_health on int_health_input.profile = cfg_health.profile
    inner join cfg_health_measure
        on int_health_input.profile = cfg_health_measure.profile
        and int_health_input.measure = cfg_health_measure.measure
),

shared as (
    select
        *,
        case when normalised is not null then
            case
                when dimension_combiner <> 'worst_of'
                    then cast(measure_weight as double) / cast(weight_present as double)
                when from_worst = 1 then 1
                else 0
            end
        end as share_of_dimension,
        -- counted once a dimension: at its worst measure, which is there if any is
        case when from_worst = 1 and normalised is not null
            then cast(dimension_weight as decimal(38,4))
        end as weight_once
    from weighed
),

dimensioned as (
    select
        *,
        cast(
            sum(cast(
                cast(share_of_dimension as decimal(16,15)) * normalised as decimal(38,21)
            )) over (partition by account_id, scenario, dimension_name)
            as decimal(12,6)
        ) as dimension_value,
        sum(weight_once) over (partition by account_id, scenario) as weight_total
    from shared
),

effective as (
    select
        *,
        case combiner
            when 'points_from_neutral'
                then cast(dimension_weight as double) * share_of_dimension
            when 'worst_of' then share_of_dimension * cast(cast(
                dimension_name = first_value(dimension_name) over (
                    partition by account_id, scenario
                    order by dimension_value nulls last, dimension_name
                ) as bigint) as double)
            else share_of_dimension * cast(dimension_weight as double)
                / cast(weight_total as double)
        end as effective_weight,
        case when combiner = 'points_from_neutral'
            then cast((normalised - 50) * reach / 50 as decimal(18,12))
            else cast(normalised as decimal(18,12))
        end as points
    from dimensioned
),

running as (
    select
        *,
        cast(
            sum(cast(
                cast(effective_weight as decimal(16,15)) * points as decimal(38,24)
            )) over (
                partition by account_id, scenario order by dimension_name, measure
                rows between unbounded preceding and current row
            ) as decimal(12,6)
        ) as running_score
    from effective
)

select
    account_id,
    scenario,
    measure,
    dimension_name,
    cast(dimension_weight * measure_weight as decimal(18,8)) as weight,
    dimension_value,
    effective_weight,
    case when normalised is not null then cast(
        running_score - coalesce(
            lag(running_score) over (
                partition by account_id, scenario order by dimension_name, measure
            ), 0
        ) as decimal(12,6)
    ) end as contribution
from running
