-- One event that is a step of the funnel, 0 to 4.
-- grain: event_id
-- materialise: view
select
    event_id,
    occurred_at,
    account_id,
    contact_id,
    case name
        when 'page_view' then 0
        when 'content_download' then 1
        when 'demo_request' then 2
        when 'quote_request' then 3
        when 'purchase' then 4
    end as step
from raw_event
where name in ('page_view', 'content_download', 'demo_request', 'quote_request', 'purchase')
