-- One day on which one known person of an account was active: persons whom the events
-- name with their account, and persons whom the contact table finds.
-- grain: account_id, contact_id, day
-- materialise: view
-- columns:
--   account_id | text | key | account
--   contact_id | text | key | person
--   day | date | day | day in the pipeline's time zone
select
    account_id,
    contact_id,
    day
from int_identity_day
where account_id <> '' and contact_id <> ''
union
select
    int_found_identity.found_account_id as account_id,
    int_found_identity.found_contact_id as contact_id,
    int_open_identity_day.day
from int_open_identity_day
inner join int_found_identity
    on int_open_identity_day.account_id = int_found_identity.account_id
    and int_open_identity_day.contact_id = int_found_identity.contact_id
    and int_open_identity_day.email = int_found_identity.email
where int_found_identity.found_account_id is not null
    and int_found_identity.found_contact_id is not null
