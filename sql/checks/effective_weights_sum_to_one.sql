-- Accounts whose effective weights do not sum to 1, or that weigh a measure without a
-- number, or leave out one with a number. Each share is rounded to nine digits first.
-- severity: error
-- checks: health_measure
select
    account_id,
    sum(cast(effective_weight as decimal(12,9))) as weight_sum,
    count(*) filter (where state in ('value', 'zero')) as measures_with_number,
    count(effective_weight) as measures_weighed
from health_measure
group by account_id
having abs(sum(cast(effective_weight as decimal(12,9))) - 1) > 0.000001
    or count(*) filter (where state in ('value', 'zero')) <> count(effective_weight)
    or count(contribution) <> count(effective_weight)
    or count(*) filter (
        where state not in ('value', 'zero') and effective_weight is not null
    ) > 0
