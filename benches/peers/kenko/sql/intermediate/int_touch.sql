-- One event by which a person comes closer: what transitions and paths are made of. The
-- first five touches, 0 to 4, are the steps of the funnel. No two events of an account
-- have the same time.
-- grain: day, account_id, occurred_at
-- partition: day
with

touched as (
    select
        day,
        account_id,
        contact_id,
        occurred_at,
        case name
            when 'page_view' then 0
            when 'content_download' then 1
            when 'demo_request' then 2
            when 'quote_request' then 3
            when 'purchase' then 4
            when 'ad_click' then 5
            when 'email_click' then 6
            when 'pricing_view' then 7
            when 'webinar_register' then 8
            when 'webinar_attend' then 9
            when 'invite_user' then 10
        end as touch
    from stg_use
)

select
    day,
    account_id,
    contact_id,
    occurred_at,
    touch
from touched
where touch is not null
