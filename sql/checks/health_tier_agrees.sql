-- Customers whose tier does not follow from score and coverage: no score and another tier
-- than insufficient, a score below the coverage floor, none above it, or a score beyond
-- the tier's borders by more than the hysteresis.
-- severity: error
-- checks: account_health
with

weight_total as (
    select
        account_id,
        coalesce(
            sum(cast(weight as decimal(12,6))) filter (where contribution is not null), 0
        ) as present,
        coalesce(
            sum(cast(weight as decimal(12,6))) filter (where state <> 'not_applicable'), 0
        ) as applicable
    from health_measure
    group by account_id
)

select
    account_health.account_id,
    account_health.score,
    account_health.coverage,
    account_health.tier
from account_health
inner join cfg_health on account_health.profile = cfg_health.profile
left join weight_total on account_health.account_id = weight_total.account_id
left join cfg_health_tier
    on account_health.profile = cfg_health_tier.profile
    and account_health.tier = cfg_health_tier.tier
where (account_health.score is null) <> (account_health.tier = 'insufficient')
    or (account_health.score is not null) <> coalesce(
        weight_total.present > 0
        and weight_total.present >= cast(cfg_health.coverage_floor as decimal(9,6))
            * cast(weight_total.applicable as decimal(18,6)),
        false
    )
    or (account_health.score is not null and coalesce(
        account_health.score < cfg_health_tier.from_score - cfg_health.hysteresis_points
        or account_health.score > cfg_health_tier.to_score + cfg_health.hysteresis_points,
        true
    ))
