-- Accounts with an active subscription and no health row, or with a health row and no
-- active subscription: nobody is lost between the contracts and the mart.
-- severity: error
-- checks: account_health
with

customer as (
    select distinct account_id
    from stg_subscription
    where started_on <= $as_of
        and (ended_on is null or ended_on > $as_of)
        and account_id is not null
)

select
    customer.account_id as contract_account_id,
    account_health.account_id as health_account_id
from customer
full outer join account_health on customer.account_id = account_health.account_id
where customer.account_id is null
    or account_health.account_id is null
