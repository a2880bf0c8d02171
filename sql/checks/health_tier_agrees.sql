-- Customers whose computed tier does not follow from score and coverage: no score and
-- another tier than insufficient, a score below the coverage floor, none above it, a
-- score beyond the tier's borders by more than the hysteresis, or at all while a cap
-- holds it down; and customers whose tier is not the computed one without anybody's
-- word.
-- severity: error
-- checks: account_health
with

weight_total as (
    select
        account_id,
        coalesce(
            sum(cast(weight as decimal(18,8))) filter (where contribution is not null), 0
        ) as present,
        coalesce(
            sum(cast(weight as decimal(18,8))) filter (where state <> 'not_applicable'), 0
        ) as applicable
    from health_measure
    where kind = 'measure'
    group by account_id
),

health as (
    select
        account_health.*,
        cfg_health.coverage_floor,
        case when account_health.cap is null then cfg_health.hysteresis_points else 0 end
            as margin
    from account_health
    inner join cfg_health on account_health.profile = cfg_health.profile
)

select
    health.account_id,
    health.score_computed,
    health.coverage,
    health.tier_computed,
    health.tier
from health
left join weight_total on health.account_id = weight_total.account_id
left join cfg_health_tier
    on health.profile = cfg_health_tier.profile
    and health.tier_computed = cfg_health_tier.tier
where (health.score_computed is null) <> (health.tier_computed = 'insufficient')
    or (health.score_computed is not null) <> coalesce(
        weight_total.present > 0
        and weight_total.present >= cast(health.coverage_floor as decimal(9,6))
            * cast(weight_total.applicable as decimal(18,8)),
        false
    )
    or (health.score_computed is not null and coalesce(
        health.score_computed < cfg_health_tier.from_score - health.margin
        or health.score_computed > cfg_health_tier.to_score + health.margin,
        true
    ))
    or (
        health.override_author is null
        and (
            health.tier <> health.tier_computed
            or coalesce(health.score, -1) <> coalesce(health.score_computed, -1)
        )
    )
