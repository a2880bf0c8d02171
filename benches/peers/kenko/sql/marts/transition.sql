-- How often one touch is followed by another in the accounts of a segment, and after how
-- long.
-- grain: segment, first, second
-- columns:
--   segment | text | key | segment of the account
--   first | text | key | touch
--   second | text | key | the account's next touch
--   times | integer | times | how often
--   mean_seconds | float | seconds | mean time between the two
select
    segment,
    first,
    second,
    sum(times) as times,
    cast(sum(gap) as double) / (1e6 * cast(sum(times) as double)) as mean_seconds
from int_chain
group by segment, first, second
