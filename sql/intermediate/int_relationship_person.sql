-- How much of an account's touches went through one person, theirs or ours, within the
-- window of the pipeline. A touch is one kind of contact on one day: a meeting with three
-- of theirs is one for each of them, and one for ours. Of our side only assisted touches
-- count, and only those that name somebody.
-- grain: account_id, side, person_id
-- columns:
--   account_id | text | key | account
--   side | text | - | theirs or ours
--   person_id | text | key | contact, or person of ours
--   touches | integer | touches | touches through this person
--   account_touches | integer | touches | sum over the people of this side
--   people | integer | people | people of this side
--   position | integer | - | 1 = most touches; ties by id
with

person_touch as (
    select distinct
        int_activity.account_id,
        end_of_it.side,
        case end_of_it.side
            when 'theirs' then int_activity.contact_id
            else int_activity.owner_id
        end as person_id,
        int_activity.touchpoint,
        int_activity.day
    from cfg_relationship
    cross join (values ('theirs'), ('ours')) as end_of_it (side)
    cross join int_activity
    where int_activity.day <= $as_of
        -- the window is at most two years, which says which files not to open
        and int_activity.day > $as_of - 731
        and $as_of - int_activity.day < cfg_relationship.window_days
        and (
            (end_of_it.side = 'theirs' and int_activity.contact_id <> '')
            or (
                end_of_it.side = 'ours'
                and int_activity.owner_id <> ''
                and int_activity.mode = 'assisted'
            )
        )
),

counted as (
    select
        account_id,
        side,
        person_id,
        count(*) as touches
    from person_touch
    group by account_id, side, person_id
)

select
    account_id,
    side,
    person_id,
    touches,
    cast(sum(touches) over (partition by account_id, side) as bigint) as account_touches,
    cast(count(*) over (partition by account_id, side) as bigint) as people,
    cast(row_number() over (
        partition by account_id, side
        order by touches desc, person_id
    ) as bigint) as position
from counted
