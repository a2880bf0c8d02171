-- A funnel that the declared sources can measure: every step has a touchpoint that one
-- of them could bring to the funnel's unit. A funnel with a step that nothing can bring
-- would show a zero nobody measured, so it is left out; the check funnel_not_measured
-- names it. For the same reason a funnel that needs events begins with the first event
-- there is: whoever signed a contract before that was not seen to go on.
-- grain: funnel
-- columns:
--   funnel | text | key | funnel
--   unit | text | - | account, contact, opportunity or account_product
--   mode | text | - | what may lie between two steps, as window_funnel reads it
--   terms | text | - | mode, window and conditions, as window_funnel reads them
--   steps | integer | steps | number of steps
--   start_mask | integer | bits | steps that an attempt begins with: 1; all in any order
--   hold | text | - | what must be the same in all touches of an attempt, if anything
--   asks_for_people | boolean | - | some step needs several different people
--   asks_for_roles | boolean | - | the funnel names roles that take part
--   needs_events | boolean | - | some required step is made by events
--   first_event_at | timestamp | UTC | first event that any funnel names; null without
with

source_of_touchpoint as (
    select
        cfg_funnel_match.funnel,
        cfg_funnel_match.step_number,
        case
            when cfg_funnel_match.touchpoint = 'subscription_started' then
                -- a contract names no person and no deal
                case when cfg_funnel.unit in ('account', 'account_product')
                    then 'subscription'
                end
            when starts_with(cfg_funnel_match.touchpoint, 'opportunity_') then
                -- a deal names no person and no product
                case
                    when cfg_funnel.unit not in ('account', 'opportunity') then null
                    -- a won deal may be known from its closing day alone
                    when cfg_funnel_match.touchpoint = 'opportunity_won'
                        then 'opportunity'
                    else 'opportunity_stage_history'
                end
            -- whose deal an event is about is known by the roles of people alone
            when cfg_funnel.unit = 'opportunity' then 'opportunity_contact_role'
            else 'event'
        end as source_table
    from cfg_funnel_match
    inner join cfg_funnel on cfg_funnel_match.funnel = cfg_funnel.funnel
    where not cfg_funnel_match.is_exclusion
),

measured_step as (
    select distinct
        source_of_touchpoint.funnel,
        source_of_touchpoint.step_number,
        source_of_touchpoint.source_table = 'event' as is_event
    from source_of_touchpoint
    inner join cfg_source
        on source_of_touchpoint.source_table = cfg_source.source_table
    where cfg_source.is_declared
),

measured as (
    select
        measured_step.funnel,
        count(distinct measured_step.step_number) as steps,
        bool_or(measured_step.is_event and not cfg_funnel_step.is_optional)
            as needs_events
    from measured_step
    inner join cfg_funnel_step
        on measured_step.funnel = cfg_funnel_step.funnel
        and measured_step.step_number = cfg_funnel_step.step_number
    group by measured_step.funnel
),

first_event as (
    select min(occurred_at) as first_event_at
    from int_identity_touchpoint
)

select
    cfg_funnel.funnel,
    cfg_funnel.unit,
    cfg_funnel.mode,
    cfg_funnel.terms,
    cfg_funnel.steps,
    case
        when strpos(cfg_funnel.mode, 'any_order') > 0
            then (cast(1 as bigint) << cfg_funnel.steps) - 1
        else 1
    end as start_mask,
    cfg_funnel.hold,
    cfg_funnel.asks_for_people,
    cfg_funnel.asks_for_roles,
    measured.needs_events,
    first_event.first_event_at
from first_event
cross join cfg_funnel
inner join measured
    on cfg_funnel.funnel = measured.funnel
    and cfg_funnel.steps = measured.steps
