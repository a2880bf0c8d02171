-- The hundred most frequent paths of three touches in a row.
-- grain: first, second, third
-- columns:
--   first | text | key | touch
--   second | text | key | the next one
--   third | text | key | the one after that
--   times | integer | times | how often
with

total as (
    select
        first,
        second,
        third,
        sum(times) as times
    from int_chain
    where third >= 0
    group by first, second, third
),

named as (
    select
        one.name as first,
        two.name as second,
        three.name as third,
        total.times
    from total
    inner join int_touch_name as one on total.first = one.touch
    inner join int_touch_name as two on total.second = two.touch
    inner join int_touch_name as three on total.third = three.touch
),

ranked as (
    select
        *,
        row_number() over (order by times desc, first, second, third) as place
    from named
)

select
    first,
    second,
    third,
    times
from ranked
where place <= 100
