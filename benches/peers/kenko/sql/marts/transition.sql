-- How often one touch is followed by another in the accounts of a segment, and after how
-- long.
-- grain: segment, first, second
-- columns:
--   segment | text | key | segment of the account
--   first | text | key | touch
--   second | text | key | the account's next touch
--   times | integer | times | how often
--   mean_seconds | float | seconds | mean time between the two
with

total as (
    select
        segment,
        first,
        second,
        sum(times) as times,
        sum(gap) as gap
    from int_chain
    where second >= 0
    group by segment, first, second
)

select
    total.segment,
    one.name as first,
    two.name as second,
    total.times,
    cast(total.gap as double) / (1e6 * cast(total.times as double)) as mean_seconds
from total
inner join int_touch_name as one on total.first = one.touch
inner join int_touch_name as two on total.second = two.touch
