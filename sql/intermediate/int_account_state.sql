-- The attributes of an account over one span of days; the spans of an account cover all
-- days. Before the first dated extract the first description is all there is, and where
-- no dated extracts are kept that is today's: on such days valid_from says that nobody
-- knows whether it held.
-- grain: account_id, applies_from
-- columns:
--   account_id | text | key | account
--   segment | text | - | the company's own segment; unknown where it names none
--   region | text | - | region
--   industry | text | - | industry
--   country | text | - | country
--   owner_id | text | key | the person of ours who owned the account
--   size | text | - | size by number of employees; null where that is not known
--   valid_from | date | day | first day on which it is known to have held; null for none
--   applies_from | date | day | first day on which it is taken for granted
--   applies_to | date | day | first day on which it no longer is; null for today's
with

state as (
    select
        stg_account.account_id,
        stg_account_history.segment,
        stg_account_history.region,
        stg_account_history.industry,
        stg_account_history.country,
        stg_account_history.owner_id,
        stg_account_history.employees,
        stg_account_history.valid_from,
        stg_account_history.applies_from,
        stg_account_history.valid_to
    from stg_account_history
    inner join stg_account on stg_account_history.account_id = stg_account.account_id
    union all
    -- a pipeline may bring the newest rows by a model of its own, and no history
    select
        stg_account.account_id,
        stg_account.segment,
        stg_account.region,
        stg_account.industry,
        stg_account.country,
        stg_account.owner_id,
        stg_account.employees,
        cast(null as date) as valid_from,
        date '1900-01-01' as applies_from,
        cast(null as date) as valid_to
    from stg_account
    left anti join stg_account_history
        on stg_account.account_id = stg_account_history.account_id
)

select
    account_id,
    segment,
    region,
    industry,
    country,
    owner_id,
    case
        when employees between 1 and 49 then '1-49'
        when employees between 50 and 249 then '50-249'
        when employees between 250 and 999 then '250-999'
        when employees >= 1000 then '1000+'
    end as size,
    valid_from,
    applies_from,
    valid_to as applies_to
from state
