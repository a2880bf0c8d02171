-- Accounts whose contributions do not sum to the published score, to the last digit.
-- severity: error
-- checks: account_health
with

contribution_total as (
    select
        account_id,
        sum(cast(contribution as decimal(12,6))) as score
    from health_measure
    group by account_id
)

select
    account_health.account_id,
    account_health.score,
    contribution_total.score as contribution_sum
from account_health
left join contribution_total
    on account_health.account_id = contribution_total.account_id
where account_health.score is not null
    and coalesce(
        cast(account_health.score as decimal(12,6)) <> contribution_total.score, true
    )
