-- A deal entering a stage. The stage belongs to the key: a deal moved through two stages
-- in one instant (an import, a bulk edit) entered both. The account is the deal's, null
-- where no deal has that key.
-- grain: opportunity_id, entered_at, stage
-- columns:
--   opportunity_id | text | key | deal
--   account_id | text | key | the deal's account
--   stage | text | - | stage entered, lower case; unknown where none is given
--   entered_at | timestamp | UTC | when
with

entries as (
    select distinct
        opportunity_id,
        coalesce(nullif(lower(trim(stage)), ''), 'unknown') as stage,
        entered_at
    from raw_opportunity_stage_history
)

select
    entries.opportunity_id,
    stg_opportunity.account_id,
    entries.stage,
    entries.entered_at
from entries
left join stg_opportunity on entries.opportunity_id = stg_opportunity.opportunity_id
