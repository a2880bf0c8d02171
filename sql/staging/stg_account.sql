-- One account, as its newest extract describes it. Where several extracts are kept,
-- an account that the newest one no longer lists keeps its last description.
-- grain: account_id
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
select
    account_id,
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
-- every column takes part, so that two different rows never tie
qualify row_number() over (
    partition by account_id
    order by
        snapshot_date desc nulls last,
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
