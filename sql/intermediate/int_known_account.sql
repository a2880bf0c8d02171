-- How many events name one account, over all days.
-- grain: account_id
-- accumulates: day
-- columns:
--   account_id | text | key | account
--   events | integer | events | events that name it themselves
with

seen as (
    select
        account_id,
        events
    from int_known_account_day
    union all
    select
        account_id,
        events
    from earlier_int_known_account
)

select
    account_id,
    sum(events) as events
from seen
group by account_id
