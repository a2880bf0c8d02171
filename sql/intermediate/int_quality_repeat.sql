-- Repeated keys of one extract. Staging keeps one row per key by a fixed order, so the
-- others count nowhere; how many that were is said here.
-- grain: source_table, check_name
select
    stg_key_repeat.source_table,
    'key_repeated' as check_name,
    'warn' as severity,
    stg_key_repeat.rows_read as rows_checked,
    stg_key_repeat.rows_repeated as rows_failed,
    'rows left out because another one has the same key' as message
from stg_key_repeat
inner join cfg_source on stg_key_repeat.source_table = cfg_source.source_table
where cfg_source.is_declared
