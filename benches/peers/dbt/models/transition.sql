select segment, first, second, sum(times)::bigint as times,
    sum(gap)::double / (1e6 * sum(times)) as mean_seconds
from {{ ref("touched") }}
group by segment, first, second
