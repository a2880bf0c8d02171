-- One person at an account, as the newest extract describes them. The e-mail address is
-- made comparable, because events are matched on it.
-- grain: contact_id
-- columns:
--   contact_id | text | key | the contact's key in the CRM
--   account_id | text | key | the account the person works for
--   email | text | - | e-mail address, lower case, without blanks around it
--   contact_name | text | - | name
--   title | text | - | job title
--   department | text | - | department
--   buying_role | text | - | role in the purchase, lower case; unknown where none is
--   created_on | date | day | day the contact was created
--   left_on | date | day | day the person left the account
select
    contact_id,
    account_id,
    nullif(lower(trim(email)), '') as email,
    nullif(trim(name), '') as contact_name,
    nullif(trim(title), '') as title,
    nullif(trim(department), '') as department,
    coalesce(nullif(lower(trim(buying_role)), ''), 'unknown') as buying_role,
    created_on,
    left_on
from raw_contact
qualify row_number() over (
    partition by contact_id
    order by
        snapshot_date desc nulls last,
        created_on desc nulls last,
        left_on desc nulls last,
        account_id nulls last,
        email nulls last,
        name nulls last,
        title nulls last,
        department nulls last,
        buying_role nulls last
) = 1
