-- How often one touch of an account was followed by a second and that by a third, in the
-- accounts of a segment: counted where the third is known, with account_id 0. Each
-- account's last two touches, whose third is not known yet, have a row of their own: from
-- there it goes on.
-- grain: account_id, segment, first, second, third
-- accumulates: day
-- columns:
--   account_id | integer | key | account of an open row, else 0
--   segment | text | key | segment of the account
--   first | integer | touch | a touch
--   second | integer | touch | the account's next one; -1 where there was none yet
--   third | integer | touch | the one after that; -1 where there was none yet
--   times | integer | times | how often
--   gap | integer | microseconds | between the first and the second, summed
--   occurred_at | timestamp | UTC | of the first touch of an open row
with

log as (
    select
        account_id,
        touch,
        occurred_at
    from int_touch
    union all
    select
        account_id,
        first as touch,
        occurred_at
    from earlier_int_chain
    where account_id > 0
),

chain as (
    select
        account_id,
        touch as first,
        lead(touch, 1, -1) over following as second,
        lead(touch, 2, -1) over following as third,
        occurred_at,
        arrow_cast(lead(occurred_at) over following, 'Int64')
            - arrow_cast(occurred_at, 'Int64') as gap
    from log
    window following as (partition by account_id order by occurred_at)
),

counted as (
    select
        case when chain.third < 0 then chain.account_id else 0 end as account_id,
        stg_customer.segment,
        chain.first,
        chain.second,
        chain.third,
        count(*) as times,
        sum(chain.gap) as gap,
        max(chain.occurred_at) filter (where chain.third < 0) as occurred_at
    from chain
    inner join stg_customer on chain.account_id = stg_customer.account_id
    group by 1, 2, 3, 4, 5
    union all
    select
        account_id,
        segment,
        first,
        second,
        third,
        times,
        gap,
        occurred_at
    from earlier_int_chain
    where account_id = 0
)

select
    account_id,
    segment,
    first,
    second,
    third,
    sum(times) as times,
    sum(gap) as gap,
    max(occurred_at) as occurred_at
from counted
group by account_id, segment, first, second, third
