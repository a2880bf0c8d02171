-- Identities of events that are lost or counted twice on the way to an account, and links
-- whose account and rule do not agree.
-- severity: error
-- checks: account_profile
with

opened as (
    select coalesce(sum(events), 0) as events
    from int_open_identity_day
),

linked as (
    select coalesce(sum(rows), 0) as events
    from int_identity
    where source_table = 'event'
)

select
    'events of open identities' as what,
    opened.events as expected,
    linked.events as found
from opened
cross join linked
where opened.events <> linked.events
union all
select
    concat('rule of ', source_table) as what,
    count(*) as expected,
    cast(0 as bigint) as found
from int_identity
where (found_account_id is not null and account_rule is null)
    or (
        found_account_id is null
        and account_rule is not null
        and account_rule <> 'override'
    )
    or (found_contact_id is null) <> (contact_rule is null)
group by source_table
