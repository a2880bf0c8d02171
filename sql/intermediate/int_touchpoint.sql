-- One touch between us and an account, from every source that knows of one: events that
-- a funnel names, a deal entering a stage (opportunity_<stage>), a deal won
-- (opportunity_won) and a customer beginning to pay (subscription_started). Where the
-- stage history does not say when a deal was won, it was won with the last stage entered
-- on its closing day, else at the start of that day; a contract begins at the start of
-- its first day, because only the day is known.
-- grain: touchpoint_id, day
-- materialise: view
-- columns:
--   touchpoint_id | text | key | the event's key, or kind and key of the CRM's row
--   account_id | text | key | account
--   contact_id | text | key | person, where known; never for deals and contracts
--   occurred_at | timestamp | UTC | when it happened
--   day | date | day | the day of that, in the pipeline's time zone
--   touchpoint | text | - | what funnels name it by
--   channel | text | - | channel, lower case, where known; crm for deals and contracts
--   mode | text | - | assisted or self_service; null for contracts
--   opportunity_id | text | key | deal, of stages and wins
--   deal_type | text | - | new, renewal, expansion or unknown; of stages and wins
--   product_id | text | key | product, where an event or a contract names one
with

stage_entry as (
    select
        opportunity_id,
        account_id,
        -- the CRM's labels may hold blanks; a funnel names them with underscores
        concat('opportunity_', replace(stage, ' ', '_')) as touchpoint,
        entered_at,
        local_day(entered_at) as entered_on
    from stg_opportunity_stage
    where account_id is not null
        and entered_at is not null
),

unrecorded_win as (
    select
        stg_opportunity.opportunity_id,
        stg_opportunity.account_id,
        stg_opportunity.close_on,
        max(closing_entry.entered_at) as entered_at
    from stg_opportunity
    left anti join stage_entry
        on stg_opportunity.opportunity_id = stage_entry.opportunity_id
        and stage_entry.touchpoint = 'opportunity_won'
    left join stage_entry as closing_entry
        on stg_opportunity.opportunity_id = closing_entry.opportunity_id
        and stg_opportunity.close_on = closing_entry.entered_on
    where stg_opportunity.is_won
        and stg_opportunity.close_on <= $as_of
        and stg_opportunity.account_id is not null
    group by
        stg_opportunity.opportunity_id,
        stg_opportunity.account_id,
        stg_opportunity.close_on
),

-- A renewal or a second contract is no beginning: nothing paid ran the day before.
paid_beginning as (
    select
        begun.subscription_id,
        begun.account_id,
        begun.product_id,
        begun.started_on
    from stg_subscription as begun
    left anti join stg_subscription as running
        on begun.account_id = running.account_id
        and running.mrr > 0
        and running.started_on < begun.started_on
        and (running.ended_on is null or running.ended_on >= begun.started_on)
    where begun.mrr > 0
        and begun.started_on <= $as_of
        and begun.account_id is not null
),

crm_touch as (
    select
        concat(touchpoint, ':', opportunity_id, ':', cast(entered_at as text))
            as touchpoint_id,
        account_id,
        entered_at as occurred_at,
        touchpoint,
        opportunity_id,
        cast(null as text) as product_id
    from stage_entry
    union all
    select
        concat('opportunity_won:', opportunity_id) as touchpoint_id,
        account_id,
        coalesce(
            entered_at,
            parse_timestamp(
                concat(cast(close_on as text), ' 00:00:00'), '%Y-%m-%d %H:%M:%S'
            )
        ) as occurred_at,
        'opportunity_won' as touchpoint,
        opportunity_id,
        cast(null as text) as product_id
    from unrecorded_win
    union all
    select
        concat('subscription_started:', subscription_id) as touchpoint_id,
        account_id,
        parse_timestamp(
            concat(cast(started_on as text), ' 00:00:00'), '%Y-%m-%d %H:%M:%S'
        ) as occurred_at,
        'subscription_started' as touchpoint,
        cast(null as text) as opportunity_id,
        product_id
    from paid_beginning
)

select
    touchpoint_id,
    account_id,
    contact_id,
    occurred_at,
    day,
    touchpoint,
    channel,
    mode,
    cast(null as text) as opportunity_id,
    cast(null as text) as deal_type,
    product_id
from int_event_touchpoint
union all
select
    crm_touch.touchpoint_id,
    crm_touch.account_id,
    cast(null as text) as contact_id,
    crm_touch.occurred_at,
    local_day(crm_touch.occurred_at) as day,
    crm_touch.touchpoint,
    'crm' as channel,
    case when crm_touch.opportunity_id is not null then 'assisted' end as mode,
    crm_touch.opportunity_id,
    stg_opportunity.type as deal_type,
    crm_touch.product_id
from crm_touch
left join stg_opportunity on crm_touch.opportunity_id = stg_opportunity.opportunity_id
