-- Customers whose causes do not sum to the change of the score since the last published
-- run of an earlier day, to the last digit; and causes of customers without two scores.
-- severity: error
-- checks: health_change
with

cause_total as (
    select
        account_id,
        sum(cast(points as decimal(38,6))) as points
    from health_change
    group by account_id
)

select
    account_health.account_id,
    account_health.score,
    account_health.score_previous,
    cause_total.points
from account_health
full outer join cause_total on account_health.account_id = cause_total.account_id
where account_health.account_id is null
    or coalesce(cause_total.points, 0) <> coalesce(
        cast(account_health.score as decimal(12,6))
        - cast(account_health.score_previous as decimal(12,6)), 0
    )
    or (
        cause_total.account_id is not null
        and (account_health.score is null or account_health.score_previous is null)
    )
