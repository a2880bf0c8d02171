-- Extracts of which too much is missing or too much is there, against the published days
-- before, or whose newest row is too old to publish anything from.
-- severity: error
-- checks: source_history
select
    message,
    source_table,
    check_name
from int_quality_past
where severity = 'error'
