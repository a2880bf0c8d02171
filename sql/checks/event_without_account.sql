-- Events that lead to no account: neither they, nor their contact, nor their e-mail
-- address name one. They are in no figure of any account. One row per contact and
-- address, with neither for the visits of people nobody knows.
-- severity: warn
-- checks: stg_event
select
    nullif(contact_id, '') as contact_id,
    -- examples are published: of an address only what says which company it is
    nullif(split_part(email, '@', 2), '') as email_domain,
    events
from int_found_identity
where found_account_id is null
