-- Customers in health_sensitivity whose tier does not change, whose score is outside 0 to
-- 100, or that have no computed score.
-- severity: error
-- checks: health_sensitivity
select
    health_sensitivity.account_id,
    health_sensitivity.weight_of,
    health_sensitivity.name,
    health_sensitivity.score_moved,
    health_sensitivity.tier,
    health_sensitivity.tier_moved
from health_sensitivity
left join account_health on health_sensitivity.account_id = account_health.account_id
where coalesce(health_sensitivity.tier = health_sensitivity.tier_moved, true)
    or not coalesce(health_sensitivity.score_moved between 0 and 100, false)
    or coalesce(health_sensitivity.tier <> account_health.tier_computed, true)
    or health_sensitivity.weight_of not in ('dimension', 'measure')
    or health_sensitivity.direction not in ('higher', 'lower')
