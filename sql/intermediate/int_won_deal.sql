-- One deal that was won: a conversion of its account's journey. It was won when the stage
-- history says so last; else with the last stage entered on its closing day, else at the
-- start of that day. It is counted where the touches reach back over its whole look-back
-- window: of an earlier one nobody knows how it began.
-- grain: opportunity_id
-- columns:
--   opportunity_id | text | key | deal
--   account_id | text | key | account
--   type | text | - | new, renewal or expansion
--   won_at | timestamp | UTC | when it was won
--   won_on | date | day | the day of that, in the pipeline's time zone
--   touches_from | date | day | first day whose touches get credit
--   amount | decimal(18,4) | currency | value, null where none is given
--   currency | text | ISO 4217 | currency of the value
--   is_counted | boolean | - | the touches cover its whole window
with

stage_entry as (
    select
        opportunity_id,
        stage,
        entered_at,
        local_day(entered_at) as entered_on
    from stg_opportunity_stage
    where entered_at is not null
),

won as (
    select
        stg_opportunity.opportunity_id,
        stg_opportunity.account_id,
        stg_opportunity.type,
        stg_opportunity.amount,
        stg_opportunity.currency,
        stg_opportunity.close_on,
        max(stage_entry.entered_at) filter (where stage_entry.stage = 'won')
            as recorded_at,
        max(stage_entry.entered_at)
            filter (where stage_entry.entered_on = stg_opportunity.close_on)
            as closing_entry_at
    from stg_opportunity
    left join stage_entry on stg_opportunity.opportunity_id = stage_entry.opportunity_id
    where stg_opportunity.is_won
        and stg_opportunity.close_on <= $as_of
        and stg_opportunity.account_id is not null
    group by
        stg_opportunity.opportunity_id,
        stg_opportunity.account_id,
        stg_opportunity.type,
        stg_opportunity.amount,
        stg_opportunity.currency,
        stg_opportunity.close_on
),

dated as (
    select
        *,
        coalesce(
            recorded_at,
            closing_entry_at,
            parse_timestamp(
                concat(cast(close_on as text), ' 00:00:00'), '%Y-%m-%d %H:%M:%S'
            )
        ) as won_at
    from won
),

coverage as (
    select min(day) as first_day
    from int_attribution_touch
)

select
    dated.opportunity_id,
    dated.account_id,
    dated.type,
    dated.won_at,
    local_day(dated.won_at) as won_on,
    local_day(dated.won_at) - cast(cfg_attribution.window_days as int) as touches_from,
    dated.amount,
    dated.currency,
    coalesce(
        local_day(dated.won_at) - cast(cfg_attribution.window_days as int)
            >= coverage.first_day,
        false
    ) as is_counted
from cfg_attribution
cross join coverage
cross join dated
