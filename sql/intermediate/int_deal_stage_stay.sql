-- One stay of a deal in a stage: from the day it entered until it entered the next, and
-- whether that was a step forward: to a later stage in the pipeline's order, or won.
-- Stages that the pipeline does not name are in no order; from there only a win counts.
-- grain: opportunity_id, entered_at, stage
-- columns:
--   opportunity_id | text | key | deal
--   account_id | text | key | account
--   stage | text | - | stage
--   entered_at | timestamp | UTC | when it was entered
--   entered_on | date | day | the day of that, in the pipeline's time zone
--   left_at | timestamp | UTC | when the next stage was entered, null while it lasts
--   left_on | date | day | the day of that
--   is_forward | boolean | - | the next stage is later or won; null while it lasts
with

stay as (
    select
        opportunity_id,
        account_id,
        stage,
        entered_at,
        lead(entered_at) over (
            partition by opportunity_id
            order by entered_at, stage
        ) as left_at,
        lead(stage) over (
            partition by opportunity_id
            order by entered_at, stage
        ) as next_stage
    from stg_opportunity_stage
    where account_id is not null and entered_at is not null
)

select
    stay.opportunity_id,
    stay.account_id,
    stay.stage,
    stay.entered_at,
    local_day(stay.entered_at) as entered_on,
    stay.left_at,
    local_day(stay.left_at) as left_on,
    case
        when stay.left_at is null then null
        when stay.next_stage = 'won' then true
        else coalesce(later.stage_number > here.stage_number, false)
    end as is_forward
from stay
left join cfg_purchase_phase as here on stay.stage = here.stage
left join cfg_purchase_phase as later on stay.next_stage = later.stage
