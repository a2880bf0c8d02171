-- One account in the months since its first paid contract: the age in whole months at
-- which it was lost, or up to which it has been seen. Lost at age 3 means within the
-- third month or at its end; an account that came back was lost all the same.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   cohort | text | - | quarter in which its first paid contract began, as 2026-Q1
--   segment | text | - | the account's segment today; unknown where there is none
--   age_months | integer | months | age when lost, or when last seen
--   is_lost | boolean | - | its first unbroken run of paid contracts has ended
with

first_run as (
    select
        *,
        coalesce(ended_on <= $as_of, false) as is_lost,
        case when ended_on <= $as_of then ended_on - 1 else $as_of end as seen_on
    from int_paid_run
    qualify row_number() over (partition by account_id order by started_on) = 1
),

counted as (
    select
        *,
        cast(
            (date_part('year', seen_on) - date_part('year', started_on)) * 12
            + date_part('month', seen_on) - date_part('month', started_on)
            - case
                when date_part('day', seen_on) >= date_part('day', started_on) then 0
                when date_part('day', seen_on + 1) = 1 then 0
                else 1
            end
            as bigint
        ) as months
    from first_run
)

select
    counted.account_id,
    cast(cast(date_part('year', counted.started_on) as bigint) as text) || '-Q'
    || cast(cast((date_part('month', counted.started_on) + 2) as bigint) / 3 as text)
        as cohort,
    coalesce(stg_account.segment, 'unknown') as segment,
    greatest(counted.months, 0) + case when counted.is_lost then 1 else 0 end
        as age_months,
    counted.is_lost
from counted
left join stg_account on counted.account_id = stg_account.account_id
