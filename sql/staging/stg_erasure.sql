-- One person who asked to be forgotten: on no list that would have somebody write to
-- them, from the day of the request on.
-- grain: contact_id
-- columns:
--   contact_id | text | key | person
--   requested_on | date | day | first day of a request, null where none is given
select
    trim(contact_id) as contact_id,
    min(requested_on) as requested_on
from raw_erasure
where nullif(trim(contact_id), '') is not null
group by trim(contact_id)
