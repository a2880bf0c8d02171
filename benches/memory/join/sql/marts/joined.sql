-- One thing with what is known of it: ten million rows joined to ten million, with both
-- texts.
-- grain: event_id
-- columns:
--   event_id | integer | key | thing
--   group_id | integer | key | its group
--   note | text | - | its text
--   known_note | text | - | the text of what is known of it
select
    stg_thing.event_id,
    stg_known.group_id,
    stg_thing.note,
    stg_known.note as known_note
from stg_thing
inner join stg_known on stg_thing.event_id = stg_known.account_id
