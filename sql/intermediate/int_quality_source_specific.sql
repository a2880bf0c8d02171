-- Checks that only make sense for one company's own extracts, one row each. Ships empty:
-- a pipeline's own SQL folder replaces this file, and data_quality shows what it finds.
-- grain: source_table, check_name
select
    cast(null as text) as source_table,
    cast(null as text) as check_name,
    cast(null as text) as severity,
    cast(null as bigint) as rows_checked,
    cast(null as bigint) as rows_failed,
    cast(null as text) as message
where false
