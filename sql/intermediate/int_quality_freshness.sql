-- How old the newest row of one extract is, for extracts of which the pipeline says how
-- old it may be: rows known after the as-of day do not count.
-- grain: source_table, check_name
with

aged as (
    select
        int_source_history.source_table,
        int_source_history.row_count,
        int_source_history.newest_on,
        cast($as_of as date) - int_source_history.newest_on as days_old,
        cfg_source_freshness.warn_after_days,
        cfg_source_freshness.error_after_days
    from cfg_source_freshness
    inner join int_source_history
        on cfg_source_freshness.source_table = int_source_history.source_table
    where int_source_history.day = $as_of
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
                case severity when 'error' then error_after_days else warn_after_days end,
                ' are allowed): look whether its export still runs'
            )
    end as message
from dated
