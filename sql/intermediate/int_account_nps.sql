-- The NPS of one account, seen together with that of all others: drawn towards the
-- common mean, the more the fewer answers it has. The sampling variance of
-- an account's score is that of one answer, taken from all answers together, divided by
-- its number of answers; that of the account's own two or three would often be zero.
-- No rows where fewer than four accounts have an answer.
-- grain: account_id
-- columns:
--   account_id | text | key | account with at least one answer
--   value | float | points -100-100 | shrunken NPS
--   low | float | points -100-100 | low end of its 95 % interval
--   high | float | points -100-100 | high end of its 95 % interval
--   pull | float | 0-1 | share of the common mean in the value
with

answered as (
    select
        account_id,
        count(*) as n,
        count(*) filter (where is_good) as good,
        count(*) filter (where is_bad) as bad
    from int_voice_person
    where score is not null
    group by account_id
),

-- three answers more, as in the adjusted Wald interval: never without variance
common as (
    select
        (cast(sum(good) as double) + 0.75) / (cast(sum(n) as double) + 3) as good,
        (cast(sum(bad) as double) + 0.75) / (cast(sum(n) as double) + 3) as bad
    from answered
),

seen_together as (
    select
        shrunken(
            answered.account_id,
            cast(answered.good - answered.bad as double) / answered.n,
            (common.good + common.bad - power(common.good - common.bad, 2)) / answered.n
        ) as accounts
    from common
    cross join answered
),

account as (
    select unnest(accounts) as account
    from seen_together
)

select
    account['key'] as account_id,
    100 * account['value'] as value,
    greatest(100 * account['low'], -100.0) as low,
    least(100 * account['high'], 100.0) as high,
    account['pull'] as pull
from account
