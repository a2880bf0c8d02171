-- One correction made by a person that holds on the as-of day: the newest for its table,
-- row and column that has not expired. A value that is null or blank is a correction too:
-- it says that there is none. The other columns only make the choice total.
-- grain: table_name, row_key, column_name
-- columns:
--   table_name | text | - | table corrected, as kenko calls it, or email or domain
--   row_key | text | key | key, address or domain that is corrected
--   column_name | text | - | account_id or contact_id; of account_health score or tier
--   value | text | key | what is right; null for nobody
--   author | text | - | who says so
--   reason | text | - | and why
--   made_at | timestamp | UTC | when
--   expires_on | date | day | first day on which it no longer holds; null where none is
with

given as (
    select
        lower(trim(table_name)) as table_name,
        -- addresses and domains are compared in lower case, keys as they are
        case
            when lower(trim(table_name)) in ('email', 'domain')
                then lower(trim(row_key))
            else trim(row_key)
        end as row_key,
        lower(trim(column_name)) as column_name,
        nullif(trim(value), '') as value,
        author,
        reason,
        made_at,
        expires_on
    from raw_override
    where coalesce(expires_on > $as_of, true)
)

select
    table_name,
    row_key,
    column_name,
    value,
    author,
    reason,
    made_at,
    expires_on
from given
qualify row_number() over (
    partition by table_name, row_key, column_name
    order by made_at desc, value nulls last, author, reason, expires_on nulls last
) = 1
