-- One account as a member of one cohort: the accounts that began in the same calendar
-- month, with their first paid contract or with their first day in a stage, as the
-- pipeline says. An account that comes back stays a member of its first cohort; one whose
-- first day in the stage nobody saw is a member of none.
-- grain: cohort_by, account_id
-- columns:
--   cohort_by | text | key | what begins the membership
--   account_id | text | key | account
--   cohort_month | date | first day | calendar month of started_on
--   started_on | date | day | day on which the account began
with

first_contract as (
    select
        account_id,
        min(started_on) as started_on
    from int_paid_run
    group by account_id
),

first_stay as (
    select
        journey,
        account_id,
        stage,
        entered_on as started_on,
        is_entry_seen
    from int_stage_stay
    qualify row_number() over (
        partition by journey, account_id, stage order by entered_on
    ) = 1
),

member as (
    select
        cfg_cohort_start.cohort_by,
        first_contract.account_id,
        first_contract.started_on
    from cfg_cohort_start
    cross join first_contract
    where cfg_cohort_start.journey is null
    union all
    select
        cfg_cohort_start.cohort_by,
        first_stay.account_id,
        first_stay.started_on
    from cfg_cohort_start
    inner join first_stay
        on cfg_cohort_start.journey = first_stay.journey
        and cfg_cohort_start.stage = first_stay.stage
    where first_stay.is_entry_seen
)

select
    member.cohort_by,
    member.account_id,
    cfg_month.month as cohort_month,
    member.started_on
from member
inner join stg_account on member.account_id = stg_account.account_id
inner join cfg_month
    on cast(date_trunc('month', member.started_on) as date) = cfg_month.month
