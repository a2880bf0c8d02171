-- The touch by which one unit reached one step of one funnel: through whom, on which way,
-- and what the account and the person were on that day. Owners are told by owner_history,
-- else, like all other attributes, by dated extracts; where neither reaches back to the
-- day the earliest value known is taken, today's where nothing else is, and the column
-- that begins with is_ says so.
-- grain: funnel, unit_id, step_number
-- columns:
--   funnel | text | key | funnel
--   unit_id | text | key | unit of the funnel
--   step_number | integer | - | step, from 1; in any order the how-manieth
--   account_id | text | key | the unit's account
--   reached_at | timestamp | UTC | when it was reached
--   contact_id | text | key | person whose touch it was; null for deals and contracts
--   role | text | - | that person's role in the purchase on that day
--   channel | text | - | channel of the touch
--   mode | text | - | assisted or self_service
--   owner_id | text | key | owner of the account on that day
--   segment | text | - | the account's segment on that day
--   region | text | - | its region
--   industry | text | - | its industry
--   country | text | - | its country
--   size | text | - | its size
--   is_role_undated | boolean | - | nobody knows whether the role held on that day
--   is_owner_undated | boolean | - | nobody knows whether the owner did
--   is_account_undated | boolean | - | nobody knows whether the account's attributes did
with

reached as (
    select
        int_funnel_unit.funnel,
        int_funnel_unit.unit_id,
        cfg_funnel_step.step_number,
        int_funnel_unit.account_id,
        int_funnel_unit.reached_at[cfg_funnel_step.step_number] as reached_at,
        local_day(int_funnel_unit.reached_at[cfg_funnel_step.step_number]) as day,
        int_funnel_unit.touchpoint_ids[cfg_funnel_step.step_number] as touchpoint_id
    from cfg_funnel_step
    inner join int_funnel_unit on cfg_funnel_step.funnel = int_funnel_unit.funnel
    where int_funnel_unit.reached_at[cfg_funnel_step.step_number] is not null
),

-- one touch is looked up once, however many steps and funnels it serves
wanted as (
    select distinct
        touchpoint_id,
        reached_at
    from reached
),

touch as (
    select
        int_touchpoint.touchpoint_id,
        int_touchpoint.occurred_at,
        min(int_touchpoint.contact_id) as contact_id,
        min(int_touchpoint.channel) as channel,
        min(int_touchpoint.mode) as mode
    from wanted
    -- the instant alone is the key, so that the texts of few touches need be read
    inner join int_touchpoint
        on wanted.reached_at = int_touchpoint.occurred_at
        and wanted.touchpoint_id is not distinct from int_touchpoint.touchpoint_id
    group by int_touchpoint.touchpoint_id, int_touchpoint.occurred_at
),

owned as (
    select
        reached.funnel,
        reached.unit_id,
        reached.step_number,
        max(stg_owner_history.valid_from) as valid_from
    from reached
    inner join stg_owner_history
        on reached.account_id = stg_owner_history.account_id
        and stg_owner_history.valid_from <= reached.day
        and (
            stg_owner_history.valid_to is null
            or stg_owner_history.valid_to > reached.day
        )
    group by reached.funnel, reached.unit_id, reached.step_number
)

select
    reached.funnel,
    reached.unit_id,
    reached.step_number,
    reached.account_id,
    reached.reached_at,
    touch.contact_id,
    int_contact_state.buying_role as role,
    touch.channel,
    touch.mode,
    coalesce(stg_owner_history.owner_id, int_account_state.owner_id) as owner_id,
    int_account_state.segment,
    int_account_state.region,
    int_account_state.industry,
    int_account_state.country,
    int_account_state.size,
    int_contact_state.contact_id is not null
        and coalesce(reached.day < int_contact_state.valid_from, true) as is_role_undated,
    int_account_state.account_id is not null
        and stg_owner_history.account_id is null
        and coalesce(reached.day < int_account_state.valid_from, true)
        as is_owner_undated,
    int_account_state.account_id is not null
        and coalesce(reached.day < int_account_state.valid_from, true)
        as is_account_undated
from reached
left join touch
    on reached.touchpoint_id = touch.touchpoint_id
    and reached.reached_at = touch.occurred_at
left join int_contact_state
    on touch.contact_id = int_contact_state.contact_id
    and int_contact_state.applies_from <= reached.day
    and (
        int_contact_state.applies_to is null
        or int_contact_state.applies_to > reached.day
    )
left join int_account_state
    on reached.account_id = int_account_state.account_id
    and int_account_state.applies_from <= reached.day
    and (
        int_account_state.applies_to is null
        or int_account_state.applies_to > reached.day
    )
left join owned
    on reached.funnel = owned.funnel
    and reached.unit_id = owned.unit_id
    and reached.step_number = owned.step_number
left join stg_owner_history
    on reached.account_id = stg_owner_history.account_id
    and owned.valid_from = stg_owner_history.valid_from
