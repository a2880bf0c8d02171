-- What each source of the export says of one account: the flag in the list of accounts,
-- the list of churn events, the ends of contracts; and whether it pays at the end of the
-- as-of day.
-- grain: account_id
with

events as (
    select distinct account_id
    from stg_churn_event
),

ended as (
    select distinct account_id
    from stg_subscription
    where ended_on is not null
),

paying as (
    select distinct account_id
    from stg_subscription
    where mrr > 0 and ended_on is null
)

select
    stg_account.account_id,
    stg_account.is_churned as is_flagged,
    events.account_id is not null as has_event,
    ended.account_id is not null as has_ended_contract,
    paying.account_id is not null as is_paying
from stg_account
left join events on stg_account.account_id = events.account_id
left join ended on stg_account.account_id = ended.account_id
left join paying on stg_account.account_id = paying.account_id
