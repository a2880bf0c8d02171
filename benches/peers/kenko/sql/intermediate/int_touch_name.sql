-- The names of touches.
-- grain: touch
-- materialise: view
select
    touch,
    name
from (
    values
    (0, 'page_view'),
    (1, 'content_download'),
    (2, 'demo_request'),
    (3, 'quote_request'),
    (4, 'purchase'),
    (5, 'ad_click'),
    (6, 'email_click'),
    (7, 'pricing_view'),
    (8, 'webinar_register'),
    (9, 'webinar_attend'),
    (10, 'invite_user')
) as listed (touch, name)
