-- Accounts that are not in exactly one stage of a journey at the end of every day from
-- their first to as_of: a gap, an overlap, a stay without a day, a stage that follows
-- itself, a time after as_of, or an account that is in no stage at all.
-- severity: error
-- checks: journey_stage
with

followed as (
    select
        journey,
        account_id,
        stage,
        entered_on,
        left_on,
        days_in_stage,
        lead(entered_on) over (
            partition by journey, account_id order by entered_on
        ) as next_entered_on,
        lead(stage) over (
            partition by journey, account_id order by entered_on
        ) as next_stage
    from journey_stage
),

wrong_stay as (
    select
        journey,
        account_id,
        entered_on
    from followed
    where (left_on is distinct from next_entered_on)
        or stage = next_stage
        or entered_on > $as_of
        or left_on > $as_of
        or days_in_stage
            <> coalesce(left_on, cast($as_of as date) + 1) - entered_on
        or days_in_stage < 1
),

nowhere as (
    select
        cfg_journey.journey,
        stg_account.account_id,
        cast(null as date) as entered_on
    from cfg_journey
    cross join stg_account
    left anti join journey_stage
        on cfg_journey.journey = journey_stage.journey
        and stg_account.account_id = journey_stage.account_id
)

select * from wrong_stay
union all
select * from nowhere
