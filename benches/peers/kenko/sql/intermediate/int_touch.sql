-- One event by which a person comes closer: what transitions and paths are made of, and
-- with step_mask (bit n - 1 is step n) what the funnel is.
-- grain: event_id, day
-- partition: day
select
    event_id,
    occurred_at,
    day,
    account_id,
    contact_id,
    name,
    case name
        when 'page_view' then 1
        when 'content_download' then 2
        when 'demo_request' then 4
        when 'quote_request' then 8
        when 'purchase' then 16
        else 0
    end as step_mask
from stg_use
where name in (
    'page_view', 'content_download', 'demo_request', 'quote_request', 'purchase',
    'ad_click', 'email_click', 'pricing_view', 'webinar_register', 'webinar_attend',
    'invite_user'
)
