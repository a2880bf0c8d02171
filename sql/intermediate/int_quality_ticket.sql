-- Tickets whose times contradict each other: resolved, or answered, before they were
-- opened.
-- grain: source_table, check_name
with

counts as (
    select
        count(resolved_at) as resolved,
        count(*) filter (where resolved_at < opened_at) as resolved_before,
        count(first_response_at) as answered,
        count(*) filter (where first_response_at < opened_at) as answered_before
    from stg_ticket
),

checked as (
    select
        'resolved_before_opened' as check_name,
        resolved as rows_checked,
        resolved_before as rows_failed,
        'tickets resolved before they were opened' as message
    from counts
    union all
    select
        'answered_before_opened',
        answered,
        answered_before,
        'tickets answered before they were opened'
    from counts
)

select
    cfg_source.source_table,
    checked.check_name,
    'warn' as severity,
    checked.rows_checked,
    checked.rows_failed,
    checked.message
from checked
cross join cfg_source
where cfg_source.source_table = 'ticket' and cfg_source.is_declared
