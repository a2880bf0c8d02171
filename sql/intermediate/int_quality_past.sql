-- One declared extract against its own past: its rows against the median of the published
-- days before, and how old its newest row is, where the pipeline asks for that. Where
-- too little is known to compare with, the row says so.
-- grain: source_table, check_name
with

day as (
    select
        source_table,
        row_count,
        day = $as_of as is_today
    from int_source_history
),

before as (
    select
        source_table,
        count(*) as runs,
        cast(median(row_count) as bigint) as median_rows
    from day
    where not is_today
    group by source_table
),

compared as (
    select
        day.source_table,
        day.row_count,
        coalesce(before.runs, 0) as runs,
        before.median_rows,
        coalesce(before.runs >= cfg_source_history.least_runs, false) as has_runs,
        coalesce(before.median_rows >= cfg_source_history.least_rows, false) as has_rows,
        (before.median_rows - day.row_count) * 100 as lost,
        before.median_rows * cfg_source_history.warn_drop_percent as drop_warns,
        before.median_rows * cfg_source_history.error_drop_percent as drop_stops,
        before.median_rows * cfg_source_history.warn_jump_percent as jump_warns,
        before.median_rows * cfg_source_history.error_jump_percent as jump_stops
    from cfg_source_history
    cross join day
    left join before on day.source_table = before.source_table
    where day.is_today
),

judged as (
    select
        *,
        case
            when not (has_runs and has_rows) then 'info'
            when lost >= drop_stops or -lost >= jump_stops then 'error'
            when lost >= drop_warns or -lost >= jump_warns then 'warn'
            else 'info'
        end as severity
    from compared
)

select
    source_table,
    'rows_against_past' as check_name,
    severity,
    case when severity <> 'info' and lost > 0 then median_rows else row_count end
        as rows_checked,
    case when severity <> 'info' then abs(row_count - median_rows) else 0 end
        as rows_failed,
    case
        when not has_runs then
            concat('too few published days before to compare with: ', runs)
        when not has_rows then
            concat('too few rows in the median of the days before: ', median_rows)
        when severity = 'info' then
            concat(
                row_count, ' rows, ', median_rows, ' in the median of the ', runs,
                ' days before'
            )
        when lost > 0 then
            concat(
                source_table, ' has ', row_count, ' rows, ', lost / median_rows,
                ' % fewer than the median of the ', runs, ' days before (', median_rows,
                '): look whether it was delivered whole; if it was, raise drop_percent ',
                'of source_history'
            )
        else
            concat(
                source_table, ' has ', row_count, ' rows, ', -lost / median_rows,
                ' % more than the median of the ', runs, ' days before (', median_rows,
                '): look whether something was delivered twice; if not, raise ',
                'jump_percent of source_history'
            )
    end as message
from judged
union all
select source_table, check_name, severity, rows_checked, rows_failed, message
from int_quality_freshness
