-- How many contacts of a segment came how far through the funnel, within 90 days of its
-- first step, and how long those that converted took.
-- grain: segment
-- columns:
--   segment | text | key | segment of the account
--   units | integer | contacts | contacts there are
--   step_1 | integer | contacts | came to the first step
--   step_2 | integer | contacts | came to the second
--   step_3 | integer | contacts | came to the third
--   step_4 | integer | contacts | came to the fourth
--   step_5 | integer | contacts | converted
--   median_seconds | float | seconds | median time to the last step; null if none converted
select
    stg_customer.segment,
    count(*) as units,
    count(*) filter (where attempt.steps >= 1) as step_1,
    count(*) filter (where attempt.steps >= 2) as step_2,
    count(*) filter (where attempt.steps >= 3) as step_3,
    count(*) filter (where attempt.steps >= 4) as step_4,
    count(*) filter (where attempt.steps >= 5) as step_5,
    median(cast(attempt.took as double) / 1e6) as median_seconds
from stg_person as who
inner join stg_customer on who.account_id = stg_customer.account_id
left join int_contact_attempt as attempt on who.contact_id = attempt.contact_id
group by stg_customer.segment
