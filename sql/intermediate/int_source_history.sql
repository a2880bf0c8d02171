-- What was known of one declared extract on one day: today, and on the published days
-- before, of which as many are kept as today's rows are compared with.
-- grain: source_table, day
-- columns:
--   source_table | text | key | extract
--   day | date | day | as-of day of the run
--   row_count | integer | rows | rows known on the day, those set aside included
--   newest_on | date | day | day of the newest of them; null where rows carry none
with

today as (
    select
        run_source.source_table,
        cast($as_of as date) as day,
        run_source.rows_checked as row_count,
        run_source.newest_on
    from run_source
    inner join cfg_source on run_source.source_table = cfg_source.source_table
    where cfg_source.is_declared
        and run_source.check_name = 'declared'
),

known as (
    select source_table, day, row_count, newest_on
    from today
    union all
    select
        prior_source_history.source_table,
        prior_source_history.day,
        prior_source_history.row_count,
        prior_source_history.newest_on
    from prior_source_history
    inner join today on prior_source_history.source_table = today.source_table
    where prior_source_history.day < $as_of
),

numbered as (
    select
        known.*,
        row_number() over (
            partition by known.source_table order by known.day desc
        ) as days_back
    from known
)

select
    numbered.source_table,
    numbered.day,
    numbered.row_count,
    numbered.newest_on
from cfg_source_history
cross join numbered
where numbered.days_back <= cfg_source_history.runs + 1
