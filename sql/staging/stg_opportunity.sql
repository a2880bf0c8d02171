-- One deal. Of a repeated key the row that knows of an outcome is kept, then the one
-- that closes last; the other columns only make the choice total.
-- grain: opportunity_id
-- columns:
--   opportunity_id | text | key | the deal's key in the CRM
--   account_id | text | key | account
--   type | text | - | new, renewal or expansion, lower case; unknown where none is given
--   amount | decimal(18,4) | currency | value of the deal
--   currency | text | ISO 4217 | the pipeline's currency where none is given
--   created_on | date | day | day the deal was opened
--   close_on | date | day | day the deal closed, or is expected to
--   is_won | boolean | - | won or lost; null while open
--   owner_id | text | key | the person of ours who works on it
with

ranked as (
    select
        *,
        row_number() over (
            partition by opportunity_id
            order by
                is_won desc nulls last,
                close_on desc nulls last,
                created_on asc nulls last,
                amount desc nulls last,
                currency asc nulls last,
                account_id asc nulls last,
                type asc nulls last,
                owner_id asc nulls last
        ) as position
    from raw_opportunity
)

select
    ranked.opportunity_id,
    nullif(trim(ranked.account_id), '') as account_id,
    coalesce(nullif(lower(trim(ranked.type)), ''), 'unknown') as type,
    cast(ranked.amount as decimal(18, 4)) as amount,
    upper(coalesce(nullif(trim(ranked.currency), ''), cfg_pipeline.currency)) as currency,
    ranked.created_on,
    ranked.close_on,
    ranked.is_won,
    nullif(trim(ranked.owner_id), '') as owner_id
from ranked
cross join cfg_pipeline
where ranked.position = 1
