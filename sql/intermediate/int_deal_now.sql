-- Where the purchase of one account stands today: the purchase whose people count, and
-- the stage by which content is judged. Of several purchases an open deal comes before
-- the coming renewal; of several deals the one that entered its stage last gives the
-- stage, as it does for content. Before the first deal it is no_deal.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   unit | text | - | opportunity or account
--   unit_id | text | key | deal or account
--   purchase | text | - | new, renewal, expansion, or what the deal says
--   phase | text | - | phase of the purchase
--   stage | text | - | stage of the newest deal, no_deal before the first
with

purchase as (
    select *
    from int_purchase
    where account_id is not null
    qualify row_number() over (
        partition by account_id
        order by unit desc, unit_id desc
    ) = 1
),

newest_stage as (
    select
        account_id,
        stage
    from int_deal_stage_stay
    where account_id is not null and entered_on <= $as_of
    qualify row_number() over (
        partition by account_id
        order by entered_at desc, opportunity_id desc, stage
    ) = 1
)

select
    purchase.account_id,
    purchase.unit,
    purchase.unit_id,
    purchase.purchase,
    purchase.phase,
    coalesce(newest_stage.stage, 'no_deal') as stage
from purchase
left join newest_stage on purchase.account_id = newest_stage.account_id
