-- How many events name one person, over all days.
-- grain: contact_id
-- accumulates: day
-- columns:
--   contact_id | text | key | person
--   events | integer | events | events that name the person themselves
with

seen as (
    select
        contact_id,
        events
    from int_identity_day
    where contact_id <> ''
    union all
    select
        contact_id,
        events
    from earlier_int_named_contact
)

select
    contact_id,
    sum(events) as events
from seen
group by contact_id
