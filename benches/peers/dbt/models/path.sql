select first, second, third, sum(times)::bigint as times
from {{ ref("touched") }}
where third is not null
group by first, second, third
order by times desc, first, second, third
limit 100
