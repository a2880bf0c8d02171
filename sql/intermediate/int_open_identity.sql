-- One identity without an account or without a person, over all days.
-- grain: account_id, contact_id, email
-- columns:
--   account_id | text | key | account the events name, '' where none
--   contact_id | text | key | person the events name, '' where none
--   email | text | - | address, '' where none
--   email_domain | text | - | what stands behind the @ of it, '' where nothing does
--   events | integer | events | events of the identity
select
    account_id,
    contact_id,
    email,
    split_part(email, '@', 2) as email_domain,
    sum(events) as events
from int_open_identity_day
group by account_id, contact_id, email
