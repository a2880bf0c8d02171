-- Accounts whose effective weights do not sum to 1, or that weigh a measure without a
-- number, or leave out one with a number. Each share is rounded to nine digits first.
-- Where points count from neutral nothing is spread: there the sum is the weight of what
-- is known, and never more than 1.
-- severity: error
-- checks: health_measure
select
    health_measure.account_id,
    sum(cast(health_measure.effective_weight as decimal(12,9))) as weight_sum,
    count(*) filter (where health_measure.state in ('value', 'zero'))
        as measures_with_number,
    count(health_measure.effective_weight) as measures_weighed
from health_measure
inner join cfg_health on health_measure.profile = cfg_health.profile
where health_measure.kind = 'measure'
group by health_measure.account_id, cfg_health.combiner
having (
        cfg_health.combiner <> 'points_from_neutral'
        and abs(sum(cast(health_measure.effective_weight as decimal(12,9))) - 1)
            > 0.000001
    )
    or sum(cast(health_measure.effective_weight as decimal(12,9))) > 1.000001
    or count(*) filter (where health_measure.state in ('value', 'zero'))
        <> count(health_measure.effective_weight)
    or count(health_measure.contribution) <> count(health_measure.effective_weight)
    or count(*) filter (
        where health_measure.state not in ('value', 'zero')
            and health_measure.effective_weight is not null
    ) > 0
