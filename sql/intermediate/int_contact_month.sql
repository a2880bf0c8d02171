-- On which days of one month one known person of an account was active: persons whom the
-- events name with their account, and persons whom the contact table finds.
-- grain: account_id, contact_id, month
-- columns:
--   account_id | text | key | account
--   contact_id | text | key | person
--   month | date | day | first day of the month
--   days | integer | - | a bit for each active day, the lowest for the first of the month
with

known as (
    select
        account_id,
        contact_id,
        month,
        days
    from int_identity_month
    where account_id <> '' and contact_id <> ''
    union all
    select
        int_found_identity.found_account_id as account_id,
        int_found_identity.found_contact_id as contact_id,
        int_identity_month.month,
        int_identity_month.days
    from int_identity_month
    inner join int_found_identity
        on int_identity_month.account_id = int_found_identity.account_id
        and int_identity_month.contact_id = int_found_identity.contact_id
        and int_identity_month.email = int_found_identity.email
    where (int_identity_month.account_id = '' or int_identity_month.contact_id = '')
        and int_found_identity.found_account_id is not null
        and int_found_identity.found_contact_id is not null
)

select
    account_id,
    contact_id,
    month,
    bit_or(days) as days
from known
group by account_id, contact_id, month
