-- A funnel that the declared sources can measure: every step has a touchpoint that one
-- of them could bring. A funnel with a step that nothing can bring would show a zero
-- nobody measured, so it is left out; the check funnel_not_measured names it.
-- grain: funnel
-- columns:
--   funnel | text | key | funnel
--   unit | text | - | account or contact: who passes through it
--   mode | text | - | what may lie between two steps, as window_funnel reads it
--   window_us | integer | microseconds | time from the first step to the last, inclusive
--   steps | integer | steps | number of steps
with

source_of_touchpoint as (
    select
        funnel,
        step_number,
        case
            -- a won deal may be known from its closing day alone
            when touchpoint = 'opportunity_won' then 'opportunity'
            when starts_with(touchpoint, 'opportunity_') then 'opportunity_stage_history'
            when touchpoint = 'subscription_started' then 'subscription'
            else 'event'
        end as source_table
    from cfg_funnel_match
),

measured_step as (
    select distinct
        source_of_touchpoint.funnel,
        source_of_touchpoint.step_number
    from source_of_touchpoint
    inner join cfg_source
        on source_of_touchpoint.source_table = cfg_source.source_table
    where cfg_source.is_declared
),

measured as (
    select
        funnel,
        count(*) as steps
    from measured_step
    group by funnel
)

select
    cfg_funnel.funnel,
    cfg_funnel.unit,
    cfg_funnel.mode,
    cfg_funnel.window_us,
    cfg_funnel.steps
from cfg_funnel
inner join measured
    on cfg_funnel.funnel = measured.funnel
    and cfg_funnel.steps = measured.steps
