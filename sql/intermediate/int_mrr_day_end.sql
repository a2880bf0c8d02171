-- Monthly recurring revenue of one account in one currency at the end of a day that
-- some figure needs: both ends of every month and of every retention period. A contract
-- counts on a day when it has started and not ended by then. An account without revenue
-- on a day has no row; a contract that names no account counts nowhere, and data_quality
-- says so.
-- grain: account_id, currency, day
-- columns:
--   account_id | text | key | the account
--   currency | text | ISO 4217 | currency of the amount
--   day | date | day | the day at whose end the amount is taken
--   mrr | decimal(38,4) | currency/month | sum over the contracts that run by then
with

needed_days as (
    select ends_on as day from cfg_month
    union
    select month - 1 as day from cfg_month
    union
    select period_start - 1 as day from cfg_retention_period
    union
    select period_end as day from cfg_retention_period
)

select
    stg_subscription.account_id,
    stg_subscription.currency,
    needed_days.day,
    cast(sum(cast(stg_subscription.mrr as decimal(38, 4))) as decimal(38, 4)) as mrr
from stg_subscription
inner join needed_days
    on
        stg_subscription.started_on <= needed_days.day
        and (
            stg_subscription.ended_on is null
            or stg_subscription.ended_on > needed_days.day
        )
where stg_subscription.mrr <> 0 and stg_subscription.account_id is not null
group by
    stg_subscription.account_id,
    stg_subscription.currency,
    needed_days.day
having sum(cast(stg_subscription.mrr as decimal(38, 4))) <> 0
