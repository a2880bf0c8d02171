-- The 90 days that features of one month-end look back over; age is 1 on the last day.
-- grain: month_end, day
with

ending as (
    select cast($as_of as date) - cast(unnest(range(0, 400)) as bigint) as last_day
),

ends as (
    select last_day
    from ending
    where date_part('day', last_day + 1) = 1
    order by last_day desc
    limit 12
),

ages as (
    select unnest(range(1, 91)) as age
)

select
    ends.last_day as month_end,
    ends.last_day + 1 - ages.age as day,
    ages.age
from ends
cross join ages
