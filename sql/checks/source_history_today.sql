-- Days of extracts that cannot be: later than today, negative counts, a newest row from
-- after its day, or a declared extract without a row of today.
-- severity: error
-- checks: source_history
select
    source_table,
    day,
    row_count,
    newest_on
from source_history
where day > $as_of
    or row_count < 0
    or newest_on > day
union all
select
    source_table,
    max(day) as day,
    cast(null as bigint) as row_count,
    cast(null as date) as newest_on
from source_history
group by source_table
having max(day) < $as_of
