-- An unbroken run of paid contracts of one account: as long as on every day at least one
-- runs. A contract that begins on the day the last one ended goes on with the run, so a
-- renewal is no new beginning.
-- grain: account_id, started_on
-- columns:
--   account_id | text | key | account
--   started_on | date | day | first day of the first contract of the run
--   ended_on | date | day | first day without one; null while one runs on
with

contract as (
    select
        account_id,
        started_on,
        -- a contract without a known end reaches beyond every day
        coalesce(ended_on, date '9999-12-31') as ended_on
    from stg_subscription
    where mrr > 0
        and account_id is not null
        and started_on <= $as_of
        and (ended_on is null or ended_on > started_on)
),

reached as (
    select
        *,
        max(ended_on) over (
            partition by account_id
            order by started_on, ended_on
            rows between unbounded preceding and 1 preceding
        ) as ended_before
    from contract
),

numbered as (
    select
        *,
        sum(case when started_on <= ended_before then 0 else 1 end) over (
            partition by account_id
            order by started_on, ended_on
            rows between unbounded preceding and current row
        ) as run
    from reached
)

select
    account_id,
    min(started_on) as started_on,
    nullif(max(ended_on), date '9999-12-31') as ended_on
from numbered
group by account_id, run
