-- One purchase that people are needed for: an open deal, with the phase of the stage it
-- entered last, or a paying customer without an open renewal, in the phase that the
-- pipeline names for customers. Deals of a kind or a stage that the pipeline describes no
-- buying group for are left out; the check deal_without_buying_group counts them.
-- grain: unit, unit_id
-- columns:
--   unit | text | - | opportunity, or account for customers between deals
--   unit_id | text | key | deal or account
--   account_id | text | key | account
--   purchase | text | - | new, renewal, expansion, or what the deal says
--   phase | text | - | phase of the purchase
with

described as (
    select distinct
        purchase,
        phase
    from cfg_influence
),

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
),

open_deal as (
    select
        stg_opportunity.opportunity_id,
        stg_opportunity.account_id,
        stg_opportunity.type as purchase,
        cfg_purchase_phase.phase
    from stg_opportunity
    inner join newest_stage
        on stg_opportunity.opportunity_id = newest_stage.opportunity_id
    inner join cfg_purchase_phase on newest_stage.stage = cfg_purchase_phase.stage
    where stg_opportunity.is_won is null
        and stg_opportunity.account_id is not null
),

waiting_customer as (
    select
        int_account_commercial.account_id,
        cfg_buying_group.customer_purchase as purchase,
        cfg_buying_group.customer_phase as phase
    from cfg_buying_group
    cross join int_account_commercial
    left anti join open_deal
        on int_account_commercial.account_id = open_deal.account_id
        and open_deal.purchase = cfg_buying_group.customer_purchase
    where int_account_commercial.as_of = $as_of
        and int_account_commercial.mrr > 0
)

select
    'opportunity' as unit,
    open_deal.opportunity_id as unit_id,
    open_deal.account_id,
    open_deal.purchase,
    open_deal.phase
from open_deal
inner join described
    on open_deal.purchase = described.purchase
    and open_deal.phase = described.phase
union all
select
    'account' as unit,
    account_id as unit_id,
    account_id,
    purchase,
    phase
from waiting_customer
