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
    where third <> ''
    group by first, second, third
),

ranked as (
    select
        *,
        row_number() over (order by times desc, first, second, third) as place
    from total
)

select
    first,
    second,
    third,
    times
from ranked
where place <= 100
