-- On which days of one month one identity, as the events name it, did something: a bit a
-- day, so that a year of days stays small and is added to, not read again.
-- grain: account_id, contact_id, email, month
-- accumulates: day
-- columns:
--   account_id | text | key | account the events name, '' where none
--   contact_id | text | key | person the events name, '' where none
--   email | text | - | address; '' where none, or where account and person are named
--   month | date | day | first day of the month
--   days | integer | - | a bit for each active day, the lowest for the first of the month
with

seen as (
    select
        account_id,
        contact_id,
        email,
        cast(date_trunc('month', day) as date) as month,
        cast(1 as bigint) << (cast(date_part('day', day) as bigint) - 1) as days
    from int_identity_day
    union all
    select
        account_id,
        contact_id,
        email,
        month,
        days
    from earlier_int_identity_month
)

select
    account_id,
    contact_id,
    email,
    month,
    bit_or(days) as days
from seen
group by account_id, contact_id, email, month
