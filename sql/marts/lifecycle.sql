-- What one account was in one complete month, by its use: new (its first use ever),
-- returning (used this month and the one before), resurrecting (used this month, not the
-- one before, but earlier), or dormant (not this month, but the one before). Use is a day
-- with an event. An account that used neither has no row. Months begin with the second
-- that the event extract covers whole, because the month before must be known; and an
-- account that is older than the extract is never new, because its first use may lie
-- before it.
-- grain: account_id, month
-- columns:
--   account_id | text | key | account
--   account_name | text | - | its name; null when the account extract lacks it
--   segment | text | - | its segment today
--   month | date | first day | the calendar month
--   state | text | - | new, returning, resurrecting or dormant
--   active_days | integer | days | days with an event in the month
--   active_days_before | integer | days | days with an event in the month before
--   is_paying | boolean | - | recurring revenue at the end of the month
--   arr | decimal(38,4) | currency/year | that revenue; 0 where there is none
--   currency | text | ISO 4217 | of most contracts, else the pipeline's
with

active as (
    select
        account_id,
        cast(date_trunc('month', day) as date) as month,
        count(*) as active_days
    from int_account_day
    group by account_id, cast(date_trunc('month', day) as date)
),

first_use as (
    select
        account_id,
        min(month) as month
    from active
    group by account_id
),

feed as (
    select min(day) as first_day
    from int_account_day
),

candidate as (
    select account_id, month from active
    union
    select account_id, cast(month + interval '1 month' as date) as month from active
),

measured as (
    select
        candidate.account_id,
        candidate.month,
        feed.first_day
    from feed
    cross join cfg_month
    inner join candidate on cfg_month.month = candidate.month
    where cfg_month.is_complete
        and cast(cfg_month.month - interval '1 month' as date) >= feed.first_day
),

first_payment as (
    select
        account_id,
        min(started_on) as started_on
    from int_paid_run
    group by account_id
),

judged as (
    select
        measured.account_id,
        stg_account.account_name,
        stg_account.segment,
        measured.month,
        coalesce(this_month.active_days, 0) as active_days,
        coalesce(month_before.active_days, 0) as active_days_before,
        first_use.month = measured.month
            and coalesce(
                least(stg_account.created_on, first_payment.started_on)
                    >= measured.first_day,
                true
            ) as is_first
    from measured
    inner join stg_account on measured.account_id = stg_account.account_id
    inner join first_use on measured.account_id = first_use.account_id
    left join first_payment on measured.account_id = first_payment.account_id
    left join active as this_month
        on measured.account_id = this_month.account_id
        and measured.month = this_month.month
    left join active as month_before
        on measured.account_id = month_before.account_id
        and measured.month
            = cast(month_before.month + interval '1 month' as date)
)

select
    judged.account_id,
    judged.account_name,
    judged.segment,
    judged.month,
    case
        when judged.active_days = 0 then 'dormant'
        when judged.active_days_before > 0 then 'returning'
        when judged.is_first then 'new'
        else 'resurrecting'
    end as state,
    judged.active_days,
    judged.active_days_before,
    int_arr_month.account_id is not null as is_paying,
    coalesce(int_arr_month.arr, cast(0 as decimal(38, 4))) as arr,
    coalesce(int_arr_month.currency, cfg_pipeline.currency) as currency
from cfg_pipeline
cross join judged
left join int_arr_month
    on judged.account_id = int_arr_month.account_id
    and judged.month = int_arr_month.month
