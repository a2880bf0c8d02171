-- How many accounts of a segment came how far through the funnel, within 90 days of its
-- first step, and how long those that converted took.
-- grain: segment
-- columns:
--   segment | text | key | segment of the account
--   units | integer | accounts | accounts there are
--   step_1 | integer | accounts | came to the first step
--   step_2 | integer | accounts | came to the second
--   step_3 | integer | accounts | came to the third
--   step_4 | integer | accounts | came to the fourth
--   step_5 | integer | accounts | converted
--   median_seconds | float | seconds | median time to the last step; null if none converted
select
    who.segment,
    count(*) as units,
    count(*) filter (where attempt.steps >= 1) as step_1,
    count(*) filter (where attempt.steps >= 2) as step_2,
    count(*) filter (where attempt.steps >= 3) as step_3,
    count(*) filter (where attempt.steps >= 4) as step_4,
    count(*) filter (where attempt.steps >= 5) as step_5,
    median(cast(attempt.took as double) / 1e6) as median_seconds
from stg_customer as who
left join int_account_attempt as attempt on who.account_id = attempt.account_id
group by who.segment
