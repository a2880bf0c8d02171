-- Accounts whose contributions, measures and rules together, do not sum to the published
-- score, or whose measures and the start and limit of the scale do not sum to the score
-- without rules, to the last digit.
-- severity: error
-- checks: account_health
with

contribution_total as (
    select
        account_id,
        sum(cast(contribution as decimal(12,6))) as score,
        sum(cast(contribution as decimal(12,6)))
            filter (where kind not in ('cap', 'override')) as score_uncapped,
        sum(cast(contribution as decimal(12,6))) filter (where kind <> 'override')
            as score_computed
    from health_measure
    group by account_id
)

select
    account_health.account_id,
    account_health.score,
    contribution_total.score as contribution_sum,
    account_health.score_computed,
    contribution_total.score_computed as computed_sum
from account_health
left join contribution_total
    on account_health.account_id = contribution_total.account_id
where
    (account_health.score is not null and coalesce(
        cast(account_health.score as decimal(12,6)) <> contribution_total.score, true
    ))
    or (account_health.score_computed is not null and coalesce(
        cast(account_health.score_computed as decimal(12,6))
            <> contribution_total.score_computed
        or cast(account_health.score_uncapped as decimal(12,6))
            <> contribution_total.score_uncapped, true
    ))
