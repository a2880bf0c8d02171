-- One identity without an account or without a person, over all days.
-- grain: account_id, contact_id, email
-- accumulates: day
-- columns:
--   account_id | text | key | account the events name, '' where none
--   contact_id | text | key | person the events name, '' where none
--   email | text | - | address, '' where none
--   email_domain | text | - | what stands behind the @ of it, '' where nothing does
--   events | integer | events | events of the identity
with

seen as (
    select
        account_id,
        contact_id,
        email,
        events
    from int_open_identity_day
    union all
    select
        account_id,
        contact_id,
        email,
        events
    from earlier_int_open_identity
)

select
    account_id,
    contact_id,
    email,
    split_part(email, '@', 2) as email_domain,
    sum(events) as events
from seen
group by account_id, contact_id, email
