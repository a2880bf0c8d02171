-- How often accounts went from one stage of a journey straight to another, per breakdown:
-- the changes of the pipeline's history, counted as often as they happened. The
-- probability is a share of all changes that left the stage, so for each stage they sum
-- to one; it says nothing of accounts that are still there, which open_n counts. The
-- breakdown is by the account's segment today.
-- grain: journey, dimension, dimension_value, from_stage, to_stage
-- columns:
--   journey | text | key | journey
--   dimension | text | - | segment, or all for the total
--   dimension_value | text | - | value of the attribute today, all for the total
--   from_stage | text | - | stage that was left
--   to_stage | text | - | stage that was entered on the same day
--   direction | text | - | forward or back in the journey; in or out of it
--   transitions | integer | changes | changes from the one to the other
--   accounts | integer | accounts | accounts that made one
--   n | integer | changes | changes that left from_stage, wherever to
--   probability | float | 0-1 | transitions / n; null where is_too_few
--   probability_low | float | 0-1 | low end of its 95 % Wilson interval
--   probability_high | float | 0-1 | high end of its 95 % Wilson interval
--   is_too_few | boolean | - | n is below minimum_n
--   open_n | integer | accounts | accounts that are in from_stage at the end of as_of
--   days_p50 | float | days | median of the stays that ended so, where entry was seen
with

step as (
    select
        int_stage_stay.journey,
        int_stage_stay.account_id,
        int_account_dimension.dimension,
        int_account_dimension.dimension_value,
        int_stage_stay.stage as from_stage,
        int_stage_stay.stage_number as from_number,
        int_stage_stay.left_on,
        case
            when int_stage_stay.is_entry_seen
                then cast(int_stage_stay.left_on - int_stage_stay.entered_on as double)
        end as days,
        lead(int_stage_stay.stage) over following as to_stage,
        lead(int_stage_stay.stage_number) over following as to_number
    from int_stage_stay
    inner join int_account_dimension
        on int_stage_stay.account_id = int_account_dimension.account_id
    where int_account_dimension.dimension in ('all', 'segment')
    window following as (
        partition by
            int_stage_stay.journey,
            int_stage_stay.account_id,
            int_account_dimension.dimension
        order by int_stage_stay.entered_on
    )
),

counted as (
    select
        step.journey,
        step.dimension,
        step.dimension_value,
        step.from_stage,
        step.to_stage,
        case
            when step.to_number = 0 then 'out'
            when step.from_number = 0 then 'in'
            when step.to_number > step.from_number then 'forward'
            else 'back'
        end as direction,
        count(*) as transitions,
        count(distinct step.account_id) as accounts,
        km_quantile(step.days, true, 0.5) as days_p50
    from step
    inner join cfg_cutoff_day on step.left_on = cfg_cutoff_day.day
    group by
        step.journey,
        step.dimension,
        step.dimension_value,
        step.from_stage,
        step.from_number,
        step.to_stage,
        step.to_number
),

still_there as (
    select
        journey,
        dimension,
        dimension_value,
        from_stage,
        count(*) as open_n
    from step
    where left_on is null
    group by journey, dimension, dimension_value, from_stage
),

shared as (
    select
        counted.*,
        coalesce(still_there.open_n, 0) as open_n,
        sum(counted.transitions) over (
            partition by
                counted.journey,
                counted.dimension,
                counted.dimension_value,
                counted.from_stage
        ) as n
    from counted
    left join still_there
        on counted.journey = still_there.journey
        and counted.dimension = still_there.dimension
        and counted.dimension_value = still_there.dimension_value
        and counted.from_stage = still_there.from_stage
)

select
    shared.journey,
    shared.dimension,
    shared.dimension_value,
    shared.from_stage,
    shared.to_stage,
    shared.direction,
    shared.transitions,
    shared.accounts,
    shared.n,
    case
        when shared.n >= cfg_pipeline.minimum_n
            then cast(shared.transitions as double) / shared.n
    end as probability,
    case
        when shared.n >= cfg_pipeline.minimum_n
            then wilson_low(shared.transitions, shared.n)
    end as probability_low,
    case
        when shared.n >= cfg_pipeline.minimum_n
            then wilson_high(shared.transitions, shared.n)
    end as probability_high,
    shared.n < cfg_pipeline.minimum_n as is_too_few,
    shared.open_n,
    shared.days_p50
from cfg_pipeline
cross join shared
