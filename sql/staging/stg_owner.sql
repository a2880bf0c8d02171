-- One person of ours. Where a key repeats, the first department by name is kept, so that
-- every run keeps the same.
-- grain: owner_id
-- columns:
--   owner_id | text | key | the person's key, as accounts name their owner
--   department | text | - | the department they work in
select
    trim(owner_id) as owner_id,
    min(nullif(trim(department), '')) as department
from raw_owner
where trim(owner_id) <> ''
group by trim(owner_id)
