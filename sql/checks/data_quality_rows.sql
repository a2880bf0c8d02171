-- Rows of data_quality that contradict themselves: more failed than checked, a share that
-- is not their quotient, a severity nobody knows, nothing said.
-- severity: error
-- checks: data_quality
select
    source_table,
    check_name,
    severity,
    rows_checked,
    rows_failed,
    share_failed,
    message
from data_quality
where
    rows_failed is null
    or rows_failed < 0
    or rows_failed > rows_checked
    or (
        share_failed
        is distinct from (cast(rows_failed as double) / nullif(rows_checked, 0))
    )
    or severity is null
    or severity not in ('error', 'warn', 'info')
    or message is null
    or message = ''
