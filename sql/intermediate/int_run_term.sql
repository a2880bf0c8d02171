-- The months between two renewals of one unbroken run of paid contracts: from its first
-- contract's start to the renewal day that contract names, as 1, 3, 6 or 12; a contract
-- of several years is counted in years, and one that names no day has the pipeline's
-- usual term. Of several first contracts the longest decides.
-- grain: account_id, started_on
-- columns:
--   account_id | text | key | account
--   started_on | date | day | first day of the run
--   ended_on | date | day | first day without a contract; null while one runs on
--   notice_on | date | day | last day on which notice was given in the run
--   term_months | integer | months | months between two renewals
--   segment | text | - | the account's segment today; unknown where there is none
with

contract as (
    select
        account_id,
        started_on,
        renews_on - started_on as days
    from stg_subscription
    where mrr > 0 and renews_on > started_on
),

first_contract as (
    select
        int_paid_run.account_id,
        int_paid_run.started_on,
        max(contract.days) as days
    from int_paid_run
    left join contract
        on
            int_paid_run.account_id = contract.account_id
            and int_paid_run.started_on = contract.started_on
    group by int_paid_run.account_id, int_paid_run.started_on
),

notice as (
    select
        int_paid_run.account_id,
        int_paid_run.started_on,
        max(stg_subscription.cancelled_on) as notice_on
    from int_paid_run
    inner join stg_subscription
        on
            int_paid_run.account_id = stg_subscription.account_id
            and stg_subscription.started_on >= int_paid_run.started_on
            and stg_subscription.started_on
            < coalesce(int_paid_run.ended_on, date '9999-12-31')
    where stg_subscription.mrr > 0
    group by int_paid_run.account_id, int_paid_run.started_on
)

select
    int_paid_run.account_id,
    int_paid_run.started_on,
    int_paid_run.ended_on,
    notice.notice_on,
    case
        when first_contract.days is null then cfg_lifetime.term_months
        -- halfway to the next usual term
        when first_contract.days < 61 then 1
        when first_contract.days < 137 then 3
        when first_contract.days < 274 then 6
        else 12
    end as term_months,
    coalesce(stg_account.segment, 'unknown') as segment
from cfg_lifetime
cross join int_paid_run
left join first_contract
    on
        int_paid_run.account_id = first_contract.account_id
        and int_paid_run.started_on = first_contract.started_on
left join notice
    on
        int_paid_run.account_id = notice.account_id
        and int_paid_run.started_on = notice.started_on
left join stg_account on int_paid_run.account_id = stg_account.account_id
