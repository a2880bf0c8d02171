-- Events that lead to no account: neither they, nor their contact, nor their e-mail
-- address name one. They are in no figure of any account.
-- severity: warn
-- checks: stg_event
with

-- small tables stand on the right, so that the events need not fit in memory
known_contact as (
    select contact_id
    from stg_contact
    where account_id is not null
),

sole_address as (
    select email
    from stg_contact
    where email is not null
    group by email
    having count(*) = 1 and min(account_id) is not null
)

select
    stg_event.event_id,
    stg_event.name
from stg_event
left anti join known_contact on stg_event.contact_id = known_contact.contact_id
left anti join sole_address on stg_event.email = sole_address.email
where stg_event.account_id is null
