-- One span in which an account was described the same way; the spans of an account cover
-- all days. Before the first extract kept by snapshot_date its first description is all
-- there is; where none is kept there is one span, of today's description, and valid_from
-- says that nobody knows since when it holds. Of an account that an extract no longer
-- lists the last description holds on. Two rows of one account in one extract are ordered
-- by all that they say, so that the same one always counts.
-- grain: account_id, applies_from
-- columns:
--   account_id | text | key | the account's key in the CRM
--   account_name | text | - | the name as people know it
--   domain | text | - | e-mail domain, lower case
--   parent_account_id | text | key | the account that owns this one
--   industry | text | - | industry
--   employees | integer | people | number of employees
--   region | text | - | sales region
--   country | text | - | country
--   segment | text | - | the company's own segment; unknown where it names none
--   owner_id | text | key | the person of ours who owns the account
--   created_on | date | day | day the account was created
--   valid_from | date | day | day of the first extract that says so; null for none
--   applies_from | date | day | first day on which it is taken for granted
--   valid_to | date | day | day of the first extract that says otherwise; null until then
with

described as (
    select
        account_id,
        snapshot_date,
        nullif(trim(name), '') as account_name,
        nullif(lower(trim(domain)), '') as domain,
        nullif(trim(parent_account_id), '') as parent_account_id,
        nullif(trim(industry), '') as industry,
        employees,
        nullif(trim(region), '') as region,
        nullif(trim(country), '') as country,
        coalesce(nullif(trim(segment), ''), 'unknown') as segment,
        nullif(trim(owner_id), '') as owner_id,
        created_on
    from raw_account
    -- every column takes part, so that two different rows never tie; what has no day
    -- counts only where nothing has one
    qualify row_number() over (
        partition by account_id, snapshot_date
        order by
            created_on desc nulls last,
            name nulls last,
            domain nulls last,
            parent_account_id nulls last,
            industry nulls last,
            employees nulls last,
            region nulls last,
            country nulls last,
            segment nulls last,
            owner_id nulls last
    ) = 1
    and (
        snapshot_date is not null
        or max(snapshot_date) over (partition by account_id) is null
    )
),

told as (
    select
        *,
        make_array(
            account_name, domain, parent_account_id, industry, cast(employees as text),
            region, country, segment, owner_id, cast(created_on as text)
        ) as description
    from described
),

compared as (
    select
        *,
        lag(description) over each_account as description_before,
        row_number() over each_account as extract_number
    from told
    window each_account as (partition by account_id order by snapshot_date)
)

select
    account_id,
    account_name,
    domain,
    parent_account_id,
    industry,
    employees,
    region,
    country,
    segment,
    owner_id,
    created_on,
    snapshot_date as valid_from,
    case when extract_number = 1 then date '1900-01-01' else snapshot_date end
        as applies_from,
    lead(snapshot_date) over (partition by account_id order by snapshot_date) as valid_to
from compared
where extract_number = 1
    or description is distinct from description_before
