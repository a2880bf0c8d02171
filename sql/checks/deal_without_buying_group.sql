-- Open deals for which the pipeline describes no buying group: their kind or the stage
-- they are in is not named there.
-- severity: warn
-- checks: stg_opportunity
with

newest_stage as (
    select
        opportunity_id,
        stage
    from stg_opportunity_stage
    where entered_at is not null
    qualify row_number() over (
        partition by opportunity_id
        order by entered_at desc, stage
    ) = 1
)

select
    stg_opportunity.opportunity_id,
    stg_opportunity.account_id,
    stg_opportunity.type,
    newest_stage.stage
from stg_opportunity
left join newest_stage on stg_opportunity.opportunity_id = newest_stage.opportunity_id
left anti join int_purchase
    on stg_opportunity.opportunity_id = int_purchase.unit_id
    and int_purchase.unit = 'opportunity'
where stg_opportunity.is_won is null
    and stg_opportunity.account_id is not null
