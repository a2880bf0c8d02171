-- One deal in one stage at the end of the days from one to another. Of several stages
-- entered on a day the last one counts. The deal is open from its first day until it is
-- won or lost, whatever its stages say; before the first known stage it is in none.
-- grain: opportunity_id, from_day
-- columns:
--   opportunity_id | text | key | deal
--   account_id | text | key | account
--   type | text | - | new, renewal or expansion, lower case; unknown where none is given
--   stage | text | - | the deal's stage, lower case; '' before the first known one
--   from_day | date | day | first day at whose end it was in the stage
--   to_day | date | day | first day at whose end it was not; null while it is
with

deal as (
    select
        opportunity_id,
        account_id,
        type,
        created_on,
        case when is_won is not null then close_on end as closed_on
    from stg_opportunity
    where account_id is not null and created_on <= $as_of
),

entry as (
    select
        opportunity_id,
        stage,
        local_day(entered_at) as day
    from stg_opportunity_stage
    where entered_at is not null
    qualify row_number() over (
        partition by opportunity_id, local_day(entered_at)
        order by entered_at desc, stage desc
    ) = 1
),

beginning as (
    select
        deal.opportunity_id,
        '' as stage,
        deal.created_on as day
    from deal
    left anti join entry
        on deal.opportunity_id = entry.opportunity_id
        and entry.day <= deal.created_on
    union all
    select
        opportunity_id,
        stage,
        day
    from entry
),

stay as (
    select
        deal.opportunity_id,
        deal.account_id,
        deal.type,
        deal.closed_on,
        beginning.stage,
        greatest(beginning.day, deal.created_on) as from_day,
        lead(beginning.day) over (
            partition by deal.opportunity_id order by beginning.day
        ) as next_day
    from deal
    inner join beginning on deal.opportunity_id = beginning.opportunity_id
)

select
    opportunity_id,
    account_id,
    type,
    stage,
    from_day,
    least(next_day, closed_on) as to_day
from stay
where from_day < coalesce(least(next_day, closed_on), date '9999-12-31')
