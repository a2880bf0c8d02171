-- One identity without an account or without a person, and whose it is today. The account
-- is the one that the events name, else their contact's, else that of the only contact
-- with the address; the person is the one that the events name, else the only contact
-- with the address. What leads nowhere is kept with nulls, and counted.
-- grain: account_id, contact_id, email
-- columns:
--   account_id | text | key | account the events name, '' where none
--   contact_id | text | key | person the events name, '' where none
--   email | text | - | address, '' where none
--   events | integer | events | events of the identity
--   found_account_id | text | key | account, null where nothing leads to one
--   found_contact_id | text | key | person, null where nothing leads to one
with

-- an address that two contacts share names nobody
sole_address as (
    select
        email,
        min(contact_id) as contact_id,
        min(account_id) as account_id
    from stg_contact
    where email is not null
    group by email
    having count(*) = 1
),

open_identity as (
    select
        account_id,
        contact_id,
        email,
        sum(events) as events
    from int_open_identity_day
    group by account_id, contact_id, email
)

select
    open_identity.account_id,
    open_identity.contact_id,
    open_identity.email,
    open_identity.events,
    coalesce(
        nullif(open_identity.account_id, ''),
        stg_contact.account_id,
        sole_address.account_id
    ) as found_account_id,
    coalesce(
        nullif(open_identity.contact_id, ''), sole_address.contact_id
    ) as found_contact_id
from open_identity
left join stg_contact on open_identity.contact_id = stg_contact.contact_id
left join sole_address on open_identity.email = sole_address.email
