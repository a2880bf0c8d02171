-- What is known against the data of this run: rows refused when the extracts were read,
-- contradictions within and between them, extracts that are not there at all, that hold
-- far more or fewer rows than before or nothing new, and the results of every check on
-- the models. A check that could not be made for want of its
-- extract has no row of its own; the extract's row `declared` says so.
-- grain: source_table, check_name
-- columns:
--   source_table | text | key | extract, or model for a check on a model
--   check_name | text | key | what was looked at
--   severity | text | - | error stops publication, warn asks to look, info is said
--   rows_checked | integer | rows | rows looked at; null where that was not counted
--   rows_failed | integer | rows | rows that are wrong
--   share_failed | float | 0-1 | rows_failed / rows_checked; null when nothing to divide
--   message | text | - | what it means
with

findings as (
    select
        run_source.source_table,
        run_source.check_name,
        run_source.severity,
        run_source.rows_checked,
        run_source.rows_failed,
        run_source.message
    from run_source
    -- the same in other words: what stays empty is named there
    left anti join int_quality_declared
        on
            run_source.source_table = int_quality_declared.source_table
            and run_source.check_name = int_quality_declared.check_name
    union all
    select
        model as source_table,
        check_name,
        severity,
        cast(null as bigint) as rows_checked,
        rows_failed,
        message
    from run_check
    union all
    select source_table, check_name, severity, rows_checked, rows_failed, message
    from int_quality_declared
    union all
    select source_table, check_name, severity, rows_checked, rows_failed, message
    from int_quality_repeat
    union all
    select source_table, check_name, severity, rows_checked, rows_failed, message
    from int_quality_orphan
    union all
    select source_table, check_name, severity, rows_checked, rows_failed, message
    from int_quality_subscription
    union all
    select source_table, check_name, severity, rows_checked, rows_failed, message
    from int_quality_currency
    union all
    select source_table, check_name, severity, rows_checked, rows_failed, message
    from int_quality_usage
    union all
    select source_table, check_name, severity, rows_checked, rows_failed, message
    from int_quality_survey
    union all
    select source_table, check_name, severity, rows_checked, rows_failed, message
    from int_quality_ticket
    union all
    select source_table, check_name, severity, rows_checked, rows_failed, message
    from int_quality_past
    union all
    select source_table, check_name, severity, rows_checked, rows_failed, message
    from int_quality_source_specific
)

select
    source_table,
    check_name,
    severity,
    rows_checked,
    rows_failed,
    cast(rows_failed as double) / nullif(rows_checked, 0) as share_failed,
    coalesce(
        nullif(message, ''),
        case when rows_failed = 0 then 'nothing wrong' else 'rows are wrong' end
    ) as message
from findings
