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

activity as (
    select
        account_id,
        contact_id,
        owner_id,
        mode,
        touchpoint,
        day
    from int_activity
    where day <= $as_of
        -- the window is at most two years, which says which files not to open
        and day > $as_of - 731
        and day > $as_of - (select window_days from cfg_relationship)
),

their_touch as (
    select distinct
        account_id,
        contact_id,
        touchpoint,
        day
    from activity
    where contact_id <> ''
),

our_touch as (
    select distinct
        account_id,
        owner_id,
        touchpoint,
        day
    from activity
    where owner_id <> ''
        and mode = 'assisted'
),

counted as (
    select
        account_id,
        'theirs' as side,
        contact_id as person_id,
        count(*) as touches
    from their_touch
    group by account_id, contact_id
    union all
    select
        account_id,
        'ours' as side,
        owner_id as person_id,
        count(*) as touches
    from our_touch
    group by account_id, owner_id
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
