-- A day from whose end on one condition of a stage rule holds for one account, or holds
-- no longer. What speaks for a condition is summed over changes, not over days: a touch
-- counts from its day until its look-back window has passed, and so does a person from
-- the first touch of several until the window of the last has passed.
-- grain: condition_number, account_id, day
-- columns:
--   condition_number | integer | key | condition of a rule
--   account_id | text | key | account
--   day | date | day | day from whose end on it is so
--   holds | boolean | - | the condition holds, or holds no longer
with

touch as (
    select
        int_stage_touch.condition_number,
        int_stage_touch.account_id,
        int_stage_touch.day,
        int_stage_touch.day + cfg_stage_condition.days as gone_on,
        sum(int_stage_touch.touches) as touches
    from int_stage_touch
    inner join cfg_stage_condition
        on int_stage_touch.condition_number = cfg_stage_condition.condition_number
    group by
        int_stage_touch.condition_number,
        int_stage_touch.account_id,
        int_stage_touch.day,
        cfg_stage_condition.days
),

-- only where a condition asks for people
person as (
    select
        int_stage_touch.condition_number,
        int_stage_touch.account_id,
        int_stage_touch.day,
        int_stage_touch.day + cfg_stage_condition.days as gone_on,
        lag(int_stage_touch.day + cfg_stage_condition.days) over person_days
            as gone_before,
        lead(int_stage_touch.day) over person_days as next_day
    from int_stage_touch
    inner join cfg_stage_condition
        on int_stage_touch.condition_number = cfg_stage_condition.condition_number
    where cfg_stage_condition.least_people > 0
        and int_stage_touch.contact_id <> ''
    window person_days as (
        partition by
            int_stage_touch.condition_number,
            int_stage_touch.account_id,
            int_stage_touch.contact_id
        order by int_stage_touch.day
    )
),

edge as (
    select condition_number, account_id, day, touches, 0 as people from touch
    union all
    select condition_number, account_id, gone_on, -touches, 0 from touch
    union all
    select condition_number, account_id, day, 0, 1
    from person
    where gone_before is null or gone_before < day
    union all
    select condition_number, account_id, gone_on, 0, -1
    from person
    where next_day is null or gone_on < next_day
    union all
    select condition_number, account_id, day, change, 0 from int_stage_fact
),

change as (
    select
        condition_number,
        account_id,
        day,
        sum(touches) as touches,
        sum(people) as people
    from edge
    where day <= $as_of
    group by condition_number, account_id, day
),

counted as (
    select
        condition_number,
        account_id,
        day,
        sum(touches) over so_far as touches,
        sum(people) over so_far as people
    from change
    window so_far as (partition by condition_number, account_id order by day)
),

judged as (
    select
        counted.condition_number,
        counted.account_id,
        counted.day,
        counted.touches >= cfg_stage_condition.least_touches
            and counted.people >= cfg_stage_condition.least_people as holds
    from counted
    inner join cfg_stage_condition
        on counted.condition_number = cfg_stage_condition.condition_number
)

select
    condition_number,
    account_id,
    day,
    holds
from judged
qualify holds <> coalesce(
    lag(holds) over (partition by condition_number, account_id order by day), false
)
