-- The score that the measures of a customer make, in one scenario, before any rule of
-- emergency and before any person's word. Points from neutral begin at 50 and are cut at
-- 0 and 100. Below the profile's coverage floor there is no score: too little is known.
-- grain: account_id, scenario
-- columns:
--   account_id | text | key | customer
--   scenario | text | - | profile, presence or now
--   profile | text | - | today's health profile
--   part_points | decimal(12,6) | points | what the measures add up to
--   start_points | decimal(12,6) | points | where the profile begins: 0 or 50
--   limit_points | decimal(12,6) | points | what keeps the score within 0 and 100
--   weight_present | decimal(18,8) | - | weight of the measures with a number
--   weight_applicable | decimal(18,8) | - | weight of the measures that apply
--   coverage | float | 0-1 | weight_present / weight_applicable, 0 where none applies
--   score | decimal(12,6) | 0-100 | sum of the three; null below the coverage floor
with

summed as (
    select
        int_health_part.account_id,
        int_health_part.scenario,
        int_health_profile.profile,
        cast(
            coalesce(sum(cast(int_health_part.contribution as decimal(38,6))), 0)
            as decimal(12,6)
        ) as part_points,
        cast(coalesce(
            sum(cast(int_health_part.weight as decimal(38,8)))
                filter (where int_health_part.contribution is not null), 0
        ) as decimal(18,8)) as weight_present,
        cast(coalesce(
            sum(cast(int_health_part.weight as decimal(38,8)))
                filter (where int_health_input.state <> 'not_applicable'), 0
        ) as decimal(18,8)) as weight_applicable
    from int_health_part
    inner join int_health_input
        on int_health_part.account_id = int_health_input.account_id
        and int_health_part.scenario = int_health_input.scenario
        and int_health_part.measure = int_health_input.measure
    inner join int_health_profile
        on int_health_part.account_id = int_health_profile.account_id
    group by
        int_health_part.account_id,
        int_health_part.scenario,
        int_health_profile.profile
),

started as (
    select
        summed.*,
        cfg_health.coverage_floor,
        cast(
            case when cfg_health.combiner = 'points_from_neutral' then 50 else 0 end
            as decimal(12,6)
        ) as start_points
    from summed
    inner join cfg_health on summed.profile = cfg_health.profile
),

limited as (
    select
        *,
        cast(
            least(greatest(start_points + part_points, 0), 100)
            - start_points - part_points as decimal(12,6)
        ) as limit_points
    from started
)

select
    account_id,
    scenario,
    profile,
    part_points,
    start_points,
    limit_points,
    weight_present,
    weight_applicable,
    case when weight_applicable > 0
        then cast(weight_present as double) / cast(weight_applicable as double)
        else cast(0 as double)
    end as coverage,
    -- compared in decimals: 0.45 of 0.75 is exactly a floor of 0.6
    case when weight_present > 0
        and weight_present >= cast(
            cast(coverage_floor as decimal(9,6)) * weight_applicable as decimal(38,14)
        )
        then cast(start_points + part_points + limit_points as decimal(12,6))
    end as score
from limited
