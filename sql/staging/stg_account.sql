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
    account_name,
    domain,
    parent_account_id,
    industry,
    employees,
    region,
    country,
    segment,
    owner_id,
    created_on
from stg_account_history
where valid_to is null
