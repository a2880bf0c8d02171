-- How many rows of one declared extract were known on one day, and how new the newest
-- was: today, and on the published days before with which data_quality compares today.
-- grain: source_table, day
-- columns:
--   source_table | text | key | extract
--   day | date | day | as-of day of the run
--   row_count | integer | rows | rows known on the day, those set aside included
--   newest_on | date | day | day of the newest of them; null where rows carry none
select
    source_table,
    day,
    row_count,
    newest_on
from int_source_history
