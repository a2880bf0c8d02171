-- One person at an account, as the newest extract describes them; where a person of ours
-- has corrected the account, that holds. The e-mail address is made comparable, because
-- events are matched on it.
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
--   is_corrected | boolean | - | the account is a correction made by a person
with

newest as (
    select *
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
)

select
    newest.contact_id,
    case
        when stg_override.row_key is null then newest.account_id
        else stg_override.value
    end as account_id,
    nullif(lower(trim(newest.email)), '') as email,
    nullif(trim(newest.name), '') as contact_name,
    nullif(trim(newest.title), '') as title,
    nullif(trim(newest.department), '') as department,
    coalesce(nullif(lower(trim(newest.buying_role)), ''), 'unknown') as buying_role,
    newest.created_on,
    newest.left_on,
    stg_override.row_key is not null as is_corrected
from newest
left join stg_override
    on newest.contact_id = stg_override.row_key
    and stg_override.table_name = 'contact'
    and stg_override.column_name = 'account_id'
