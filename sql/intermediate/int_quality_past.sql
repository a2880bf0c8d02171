-- One declared extract against its own past: its rows against the median of the published
-- days before, and the age of its newest row, where the pipeline asks for that. Where too
-- little is known to compare with, the row says so.
-- grain: source_table, check_name
with

day as (
    select
        source_table,
        row_count,
        newest_on,
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
),

aged as (
    select
        day.source_table,
        day.row_count,
        day.newest_on,
        cast($as_of as date) - day.newest_on as days_old,
        cfg_source_freshness.warn_after_days,
        cfg_source_freshness.error_after_days
    from cfg_source_freshness
    inner join day on cfg_source_freshness.source_table = day.source_table
    where day.is_today
),

dated as (
    select
        *,
        case
            when error_after_days is not null
                and coalesce(days_old > error_after_days, true) then 'error'
            when warn_after_days is not null
                and coalesce(days_old > warn_after_days, true) then 'warn'
            else 'info'
        end as severity
    from aged
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
select
    source_table,
    'freshness' as check_name,
    severity,
    row_count as rows_checked,
    case when severity = 'info' then 0 else row_count end as rows_failed,
    case
        when newest_on is null then
            concat(
                source_table, ' holds no row that is known on the day: look whether its ',
                'export still runs'
            )
        when severity = 'info' then concat('the newest row is of ', newest_on)
        else
            concat(
                'the newest row of ', source_table, ' is of ', newest_on, ', ', days_old,
                ' days before the as-of day (',
                case when severity = 'error' then error_after_days else warn_after_days end,
                ' are allowed): look whether its export still runs'
            )
    end as message
from dated
