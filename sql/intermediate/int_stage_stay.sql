-- A stay of one account in one stage of one journey: the days at whose end the first rule
-- that held gave this stage. Conditions that hold are bits of one number, which changes
-- on few days; which rule each number means is looked up once. An account is followed
-- from the day it was created, or from the first day on which a condition holds where
-- that is earlier.
-- grain: journey, account_id, entered_on
-- columns:
--   journey | text | key | journey
--   account_id | text | key | account
--   stage | text | - | stage
--   stage_number | integer | - | its place in the journey; 0 where no rule holds
--   entered_on | date | day | first day at whose end the account was in the stage
--   left_on | date | day | first day at whose end it was not; null while it is
--   is_entry_seen | boolean | - | false where it was there when first heard of
with

bit_change as (
    select
        cfg_stage_condition.journey,
        int_stage_flip.account_id,
        int_stage_flip.day,
        case
            when int_stage_flip.holds then cfg_stage_condition.condition_bit
            else -cfg_stage_condition.condition_bit
        end as bits
    from int_stage_flip
    inner join cfg_stage_condition
        on int_stage_flip.condition_number = cfg_stage_condition.condition_number
),

first_change as (
    select
        journey,
        account_id,
        min(day) as day
    from bit_change
    group by journey, account_id
),

beginning as (
    select
        cfg_journey.journey,
        stg_account.account_id,
        coalesce(least(stg_account.created_on, first_change.day), $as_of) as day
    from cfg_journey
    cross join stg_account
    left join first_change
        on cfg_journey.journey = first_change.journey
        and stg_account.account_id = first_change.account_id
),

day_change as (
    select journey, account_id, day, sum(bits) as bits
    from (
        select journey, account_id, day, bits from bit_change
        union all
        select journey, account_id, day, 0 as bits from beginning
    ) as either
    group by journey, account_id, day
),

-- an account that is not listed has no beginning
state as (
    select
        day_change.journey,
        day_change.account_id,
        day_change.day,
        sum(day_change.bits) over (
            partition by day_change.journey, day_change.account_id
            order by day_change.day
        ) as conditions
    from day_change
    left semi join stg_account on day_change.account_id = stg_account.account_id
),

first_rule as (
    select
        combination.journey,
        combination.conditions,
        min(cfg_stage_rule.rule_number) as rule_number
    from (select distinct journey, conditions from state) as combination
    inner join cfg_stage_rule
        on combination.journey = cfg_stage_rule.journey
        and combination.conditions & cfg_stage_rule.condition_mask
            = cfg_stage_rule.condition_mask
    group by combination.journey, combination.conditions
),

staged as (
    select
        state.journey,
        state.account_id,
        state.day,
        coalesce(cfg_stage_rule.stage, cfg_journey.otherwise) as stage
    from state
    inner join cfg_journey on state.journey = cfg_journey.journey
    left join first_rule
        on state.journey = first_rule.journey
        and state.conditions = first_rule.conditions
    left join cfg_stage_rule
        on first_rule.journey = cfg_stage_rule.journey
        and first_rule.rule_number = cfg_stage_rule.rule_number
),

entry as (
    select
        *,
        lag(stage) over (partition by journey, account_id order by day) as stage_before
    from staged
    qualify stage is distinct from
        lag(stage) over (partition by journey, account_id order by day)
)

select
    entry.journey,
    entry.account_id,
    entry.stage,
    cfg_stage.stage_number,
    entry.day as entered_on,
    lead(entry.day) over (
        partition by entry.journey, entry.account_id order by entry.day
    ) as left_on,
    entry.stage_before is not null
        or coalesce(entry.day = stg_account.created_on, false) as is_entry_seen
from entry
inner join stg_account on entry.account_id = stg_account.account_id
inner join cfg_stage
    on entry.journey = cfg_stage.journey
    and entry.stage = cfg_stage.stage
