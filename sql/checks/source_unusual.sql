-- Extracts with far more or fewer rows than on the published days before, or whose newest
-- row is older than the pipeline expects.
-- severity: warn
-- checks: source_history
select
    message,
    source_table,
    check_name
from int_quality_past
where severity = 'warn'
