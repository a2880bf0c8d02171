-- The 90 days that features look back over, from each of the last twelve month-ends and
-- from the as-of day; age is 1 on the last of them. window_bits says in which windows of
-- the cutoff the day lies, 7, 30 and 90 days long, at three places of the cutoff's own.
-- grain: cutoff, day
with

ending as (
    select cast($as_of as date) - cast(unnest(range(0, 400)) as bigint) as cutoff
),

month_end as (
    select cutoff
    from ending
    where date_part('day', cutoff + 1) = 1
    order by cutoff desc
    limit 12
),

cutoffs as (
    select cutoff from month_end
    union
    select cast($as_of as date) as cutoff
),

placed as (
    select cutoff, 3 * (row_number() over (order by cutoff) - 1) as place
    from cutoffs
),

ages as (
    select unnest(range(1, 91)) as age
)

select
    placed.cutoff,
    placed.cutoff + 1 - ages.age as day,
    ages.age,
    placed.place,
    case when ages.age <= 7 then 7 when ages.age <= 30 then 6 else 4 end << placed.place
        as window_bits
from placed
cross join ages
