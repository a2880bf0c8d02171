-- One span in which the attributes of an account were the same, as dated extracts tell;
-- none where extracts are not kept by snapshot_date. Of an account that an extract no
-- longer lists the last description holds on. Two rows of one account in one extract are
-- ordered by all that is kept of them, so that the same one always counts.
-- grain: account_id, valid_from
-- columns:
--   account_id | text | key | account
--   industry | text | - | industry
--   employees | integer | people | number of employees
--   region | text | - | sales region
--   country | text | - | country
--   segment | text | - | the company's own segment; unknown where it names none
--   owner_id | text | key | the person of ours who owned the account
--   valid_from | date | day | day of the extract that is the first to say so
--   valid_to | date | day | day of the first extract that says otherwise; null until then
with

described as (
    select
        account_id,
        snapshot_date,
        nullif(trim(industry), '') as industry,
        employees,
        nullif(trim(region), '') as region,
        nullif(trim(country), '') as country,
        coalesce(nullif(trim(segment), ''), 'unknown') as segment,
        nullif(trim(owner_id), '') as owner_id
    from raw_account
    where snapshot_date is not null
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
),

compared as (
    select
        *,
        lag(snapshot_date) over each_account as snapshot_before,
        lag(industry) over each_account as industry_before,
        lag(employees) over each_account as employees_before,
        lag(region) over each_account as region_before,
        lag(country) over each_account as country_before,
        lag(segment) over each_account as segment_before,
        lag(owner_id) over each_account as owner_before
    from described
    window each_account as (partition by account_id order by snapshot_date)
)

select
    account_id,
    industry,
    employees,
    region,
    country,
    segment,
    owner_id,
    snapshot_date as valid_from,
    lead(snapshot_date) over (partition by account_id order by snapshot_date) as valid_to
from compared
where snapshot_before is null
    or (industry is distinct from industry_before)
    or (employees is distinct from employees_before)
    or (region is distinct from region_before)
    or (country is distinct from country_before)
    or (segment is distinct from segment_before)
    or (owner_id is distinct from owner_before)
