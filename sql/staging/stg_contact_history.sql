-- One span in which a person was described the same way; the spans of a person cover all
-- days. Before the first extract kept by snapshot_date their first description is all
-- there is; where none is kept there is one span, of today's description, and valid_from
-- says that nobody knows since when it holds. Of a person whom an extract no longer lists
-- the last description holds on.
-- grain: contact_id, applies_from
-- columns:
--   contact_id | text | key | the contact's key in the CRM
--   account_id | text | key | the account the person works for, as the CRM says
--   email | text | - | e-mail address, lower case, without blanks around it
--   contact_name | text | - | name
--   title | text | - | job title
--   department | text | - | department
--   buying_role | text | - | role in the purchase, lower case; unknown where none is
--   created_on | date | day | day the contact was created
--   left_on | date | day | day the person left the account
--   valid_from | date | day | day of the first extract that says so; null for none
--   applies_from | date | day | first day on which it is taken for granted
--   valid_to | date | day | day of the first extract that says otherwise; null until then
with

described as (
    select
        contact_id,
        snapshot_date,
        account_id,
        nullif(lower(trim(email)), '') as email,
        nullif(trim(name), '') as contact_name,
        nullif(trim(title), '') as title,
        nullif(trim(department), '') as department,
        coalesce(nullif(lower(trim(buying_role)), ''), 'unknown') as buying_role,
        created_on,
        left_on
    from raw_contact
    -- what has no day counts only where nothing has one
    qualify row_number() over (
        partition by contact_id, snapshot_date
        order by
            created_on desc nulls last,
            left_on desc nulls last,
            account_id nulls last,
            email nulls last,
            name nulls last,
            title nulls last,
            department nulls last,
            buying_role nulls last
    ) = 1
    and (
        snapshot_date is not null
        or max(snapshot_date) over (partition by contact_id) is null
    )
),

told as (
    select
        *,
        make_array(
            account_id, email, contact_name, title, department, buying_role,
            cast(created_on as text), cast(left_on as text)
        ) as description
    from described
),

compared as (
    select
        *,
        lag(description) over each_contact as description_before,
        row_number() over each_contact as extract_number
    from told
    window each_contact as (partition by contact_id order by snapshot_date)
)

select
    contact_id,
    account_id,
    email,
    contact_name,
    title,
    department,
    buying_role,
    created_on,
    left_on,
    snapshot_date as valid_from,
    case when extract_number = 1 then date '1900-01-01' else snapshot_date end
        as applies_from,
    lead(snapshot_date) over (partition by contact_id order by snapshot_date) as valid_to
from compared
where extract_number = 1
    or description is distinct from description_before
