-- One touch as one funnel sees it: whose it is, and which steps it satisfies. The steps
-- of each touchpoint and channel are worked out once, on the few pairs that occur, so
-- that the touches themselves are only looked up. Touches that satisfy no step are kept
-- for funnels in strict order, which they interrupt; there "nothing else between" means
-- nothing else that any funnel names. Touches without the funnel's unit are left out.
-- grain: funnel, touchpoint_id, occurred_at
-- materialise: view
-- columns:
--   funnel | text | key | funnel
--   mode | text | - | the funnel's mode
--   window_us | integer | microseconds | the funnel's window
--   unit | text | - | account or contact
--   unit_id | text | key | account_id or contact_id
--   account_id | text | key | account the touch belongs to
--   touchpoint_id | text | key | touch
--   occurred_at | timestamp | UTC | when it happened
--   step_mask | integer | bits | bit k-1 is set where the touch satisfies step k
with

pair as (
    select distinct
        touchpoint,
        coalesce(channel, '') as channel
    from int_touchpoint
),

pair_step as (
    select
        pair.touchpoint,
        pair.channel,
        cfg_funnel_match.funnel,
        bit_or(cast(1 as bigint) << (cfg_funnel_match.step_number - 1)) as step_mask
    from pair
    inner join cfg_funnel_match on pair.touchpoint = cfg_funnel_match.touchpoint
    where cfg_funnel_match.channel is null
        or cfg_funnel_match.channel = pair.channel
    group by pair.touchpoint, pair.channel, cfg_funnel_match.funnel
),

pair_funnel as (
    select
        pair.touchpoint,
        pair.channel,
        int_measured_funnel.funnel,
        int_measured_funnel.mode,
        int_measured_funnel.window_us,
        int_measured_funnel.unit,
        coalesce(pair_step.step_mask, 0) as step_mask
    from pair
    cross join int_measured_funnel
    left join pair_step
        on pair.touchpoint = pair_step.touchpoint
        and pair.channel = pair_step.channel
        and int_measured_funnel.funnel = pair_step.funnel
    where pair_step.step_mask is not null
        or strpos(int_measured_funnel.mode, 'strict_order') > 0
)

select
    pair_funnel.funnel,
    pair_funnel.mode,
    pair_funnel.window_us,
    pair_funnel.unit,
    case pair_funnel.unit
        when 'account' then int_touchpoint.account_id
        else int_touchpoint.contact_id
    end as unit_id,
    int_touchpoint.account_id,
    int_touchpoint.touchpoint_id,
    int_touchpoint.occurred_at,
    pair_funnel.step_mask
from int_touchpoint
inner join pair_funnel
    on int_touchpoint.touchpoint = pair_funnel.touchpoint
    and coalesce(int_touchpoint.channel, '') = pair_funnel.channel
where pair_funnel.unit = 'account'
    or int_touchpoint.contact_id is not null
