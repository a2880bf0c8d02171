-- How often the person of ours for one account changed, up to a cutoff. Accounts without
-- an owner by then have no row.
-- grain: as_of, account_id
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   owner_changes_365d | integer | changes | changes in the last 365 days
--   owner_days | integer | days | days with the owner of the cutoff
with

span as (
    select
        cfg_cutoff.as_of,
        stg_owner_history.account_id,
        stg_owner_history.valid_from,
        stg_owner_history.owner_id,
        lag(stg_owner_history.owner_id) over (
            partition by cfg_cutoff.as_of, stg_owner_history.account_id
            order by stg_owner_history.valid_from
        ) as previous_owner_id
    from cfg_cutoff
    cross join stg_owner_history
    where stg_owner_history.valid_from <= cfg_cutoff.as_of
        and stg_owner_history.account_id is not null
)

select
    as_of,
    account_id,
    count(*) filter (
        where owner_id <> previous_owner_id and as_of - valid_from < 365
    ) as owner_changes_365d,
    as_of - max(valid_from) filter (
        where previous_owner_id is null or owner_id <> previous_owner_id
    ) as owner_days
from span
group by as_of, account_id
