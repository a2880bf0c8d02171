-- One span in which a person had the same role in the purchase, as dated extracts tell;
-- none where extracts are not kept by snapshot_date. Of a person whom an extract no
-- longer lists the last description holds on.
-- grain: contact_id, valid_from
-- columns:
--   contact_id | text | key | person
--   buying_role | text | - | role in the purchase, lower case; unknown where none is
--   valid_from | date | day | day of the extract that is the first to say so
--   valid_to | date | day | day of the first extract that says otherwise; null until then
with

described as (
    select
        contact_id,
        snapshot_date,
        coalesce(nullif(lower(trim(buying_role)), ''), 'unknown') as buying_role
    from raw_contact
    where snapshot_date is not null
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
),

compared as (
    select
        *,
        lag(buying_role) over (
            partition by contact_id order by snapshot_date
        ) as role_before
    from described
)

select
    contact_id,
    buying_role,
    snapshot_date as valid_from,
    lead(snapshot_date) over (partition by contact_id order by snapshot_date) as valid_to
from compared
where buying_role is distinct from role_before
