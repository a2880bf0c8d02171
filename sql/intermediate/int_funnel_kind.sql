-- One kind of touch as one funnel sees it, and which steps and exclusions such touches
-- satisfy: worked out once, on the few that the pipeline names, so that the touches
-- themselves are only looked up. The variant is the channel of an event or the type of a
-- deal that some step asks for, '' for all others. Kinds that satisfy no step are kept
-- for funnels in strict order, which they interrupt; there "nothing else between" means
-- nothing else that any funnel names.
-- grain: funnel, touchpoint, variant
-- columns:
--   funnel | text | key | funnel
--   touchpoint | text | - | what funnels name it by
--   variant | text | - | channel or type of deal that a step asks for; '' for any other
--   unit | text | - | account, contact, opportunity or account_product
--   hold | text | - | what must be the same in all touches of an attempt, if anything
--   needs_events | boolean | - | some required step is made by events
--   first_event_at | timestamp | UTC | first event that any funnel names; null without
--   step_mask | integer | bits | bit k-1 is set where it satisfies step or exclusion k
--   is_start | boolean | - | it satisfies a step that an attempt begins with
with

-- a step may ask for a channel, of events, or for a type of deal
matched as (
    select
        funnel,
        step_number,
        touchpoint,
        coalesce(channel, deal_type) as variant
    from cfg_funnel_match
),

asked as (
    select distinct
        touchpoint,
        variant
    from matched
    where variant is not null
),

kind as (
    select touchpoint, variant from asked
    union
    select touchpoint, '' as variant from matched
),

kind_step as (
    select
        kind.touchpoint,
        kind.variant,
        matched.funnel,
        bit_or(cast(1 as bigint) << (matched.step_number - 1)) as step_mask
    from kind
    inner join matched on kind.touchpoint = matched.touchpoint
    where matched.variant is null
        or matched.variant = kind.variant
    group by kind.touchpoint, kind.variant, matched.funnel
)

select
    int_measured_funnel.funnel,
    kind.touchpoint,
    kind.variant,
    int_measured_funnel.unit,
    int_measured_funnel.hold,
    int_measured_funnel.needs_events,
    int_measured_funnel.first_event_at,
    coalesce(kind_step.step_mask, 0) as step_mask,
    coalesce(kind_step.step_mask, 0) & int_measured_funnel.start_mask <> 0 as is_start
from kind
cross join int_measured_funnel
left join kind_step
    on kind.touchpoint = kind_step.touchpoint
    and kind.variant = kind_step.variant
    and int_measured_funnel.funnel = kind_step.funnel
where kind_step.step_mask is not null
    or strpos(int_measured_funnel.mode, 'strict_order') > 0
