-- The touches of one stay of one account in one stage of one journey, by events that a
-- stage rule names: how many, and the three most frequent with their numbers. A stay
-- without such touches has no row.
-- grain: journey, account_id, entered_on
-- columns:
--   journey | text | key | journey
--   account_id | text | key | account
--   entered_on | date | day | first day of the stay
--   touches | integer | touches | touches within the stay
--   main_touchpoints | list<text> | - | the most frequent first, each with its number
with

account_touch as (
    select
        account_id,
        touchpoint,
        day,
        sum(touches) as touches
    from int_touch_day
    group by account_id, touchpoint, day
),

stay_touch as (
    select
        int_stage_stay.journey,
        int_stage_stay.account_id,
        int_stage_stay.entered_on,
        account_touch.touchpoint,
        sum(account_touch.touches) as touches
    from int_stage_stay
    inner join account_touch
        on int_stage_stay.account_id = account_touch.account_id
        and int_stage_stay.entered_on <= account_touch.day
        and coalesce(int_stage_stay.left_on, date '9999-12-31') > account_touch.day
    group by
        int_stage_stay.journey,
        int_stage_stay.account_id,
        int_stage_stay.entered_on,
        account_touch.touchpoint
),

ranked as (
    select
        *,
        row_number() over (
            partition by journey, account_id, entered_on
            order by touches desc, touchpoint
        ) as position
    from stay_touch
)

select
    journey,
    account_id,
    entered_on,
    sum(touches) as touches,
    array_agg(
        concat(touchpoint, ' ', cast(touches as text)) order by position
    ) filter (where position <= 3) as main_touchpoints
from ranked
group by journey, account_id, entered_on
