-- How what is known of one account was linked to it: events, tickets and answers by the
-- rule that made the link, and how many links had something to refuse.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   events_by_account_id | integer | events | the events name the account
--   events_by_contact_id | integer | events | the events name a person of it
--   events_by_email | integer | events | the address belongs to a person of it
--   events_by_domain | integer | events | only the address's domain tells
--   events_by_override | integer | events | a person of ours said so
--   tickets | integer | tickets | tickets
--   survey_responses | integer | answers | finished or not
--   rows_by_override | integer | rows | tickets and answers corrected by a person of ours
--   links_with_refusals | integer | links | links for which another account was refused
with

part as (
    select
        account_id,
        'event' as source_table,
        'account_id' as account_rule,
        events as rows,
        cast(0 as bigint) as links_with_refusals
    from int_known_account
    union all
    select
        found_account_id as account_id,
        source_table,
        account_rule,
        -- events that name the account are counted above
        sum(case
            when source_table = 'event' and account_rule = 'account_id' then 0
            else rows
        end) as rows,
        count(*) filter (where cardinality(refused) > 0) as links_with_refusals
    from int_identity
    where found_account_id is not null
    group by found_account_id, source_table, account_rule
)

select
    account_id,
    cast(coalesce(sum(rows) filter (
        where source_table = 'event' and account_rule = 'account_id'
    ), 0) as bigint) as events_by_account_id,
    cast(coalesce(sum(rows) filter (
        where source_table = 'event' and account_rule = 'contact_id'
    ), 0) as bigint) as events_by_contact_id,
    cast(coalesce(sum(rows) filter (
        where source_table = 'event' and account_rule = 'email'
    ), 0) as bigint) as events_by_email,
    cast(coalesce(sum(rows) filter (
        where source_table = 'event' and account_rule = 'domain'
    ), 0) as bigint) as events_by_domain,
    cast(coalesce(sum(rows) filter (
        where source_table = 'event' and account_rule = 'override'
    ), 0) as bigint) as events_by_override,
    cast(coalesce(sum(rows) filter (where source_table = 'ticket'), 0) as bigint)
        as tickets,
    cast(coalesce(sum(rows) filter (where source_table = 'survey_response'), 0) as bigint)
        as survey_responses,
    cast(coalesce(sum(rows) filter (
        where source_table <> 'event' and account_rule = 'override'
    ), 0) as bigint) as rows_by_override,
    cast(sum(links_with_refusals) as bigint) as links_with_refusals
from part
group by account_id
