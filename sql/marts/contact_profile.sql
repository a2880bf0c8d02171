-- One person, put together from every source on the as-of day, with how each part was
-- linked to them. Name and address stay in the CRM: of the address the profile keeps what
-- matching needs to know, which domain it has and whether somebody else has it too.
-- grain: contact_id
-- columns:
--   contact_id | text | key | the contact's key in the CRM
--   account_id | text | key | the account the person works for
--   account_name | text | - | the account's name
--   is_account_corrected | boolean | - | the account is a correction by a person of ours
--   title | text | - | job title
--   department | text | - | department
--   buying_role | text | - | role in the purchase; unknown where none is given
--   created_on | date | day | day the contact was created
--   left_on | date | day | day the person left the account
--   email_domain | text | - | domain of the address, null where none is known
--   same_address_contacts | integer | people | others with the same address
--   is_active | boolean | - | seen lately, and not left
--   first_seen_on | date | day | first sign
--   last_seen_on | date | day | last sign
--   events_by_contact_id | integer | events | linked because they name the person
--   events_by_email | integer | events | linked by the address
--   events_by_override | integer | events | linked because a person of ours said so
--   tickets | integer | tickets | tickets
--   survey_responses | integer | answers | answers to surveys, finished or not
--   engagement_points | float | points | what the activity counts, before influence
with

found_event as (
    select
        found_contact_id as contact_id,
        coalesce(sum(rows) filter (where contact_rule = 'email'), 0) as by_email,
        coalesce(sum(rows) filter (where contact_rule = 'override'), 0) as by_override
    from int_identity
    where source_table = 'event' and contact_id = ''
    group by found_contact_id
),

found_row as (
    select
        found_contact_id as contact_id,
        count(*) filter (where source_table = 'ticket') as tickets,
        count(*) filter (where source_table = 'survey_response') as survey_responses
    from int_identity
    where source_table <> 'event'
    group by found_contact_id
),

address as (
    select
        email,
        count(*) as contacts
    from stg_contact
    where email is not null
    group by email
),

seen as (
    select
        contact_id,
        min(first_seen_on) as first_seen_on,
        max(last_seen_on) as last_seen_on
    from int_contact_presence
    group by contact_id
),

engaged as (
    select
        contact_id,
        sum(points) as points
    from int_contact_engagement
    group by contact_id
)

select
    stg_contact.contact_id,
    stg_contact.account_id,
    stg_account.account_name,
    stg_contact.is_corrected as is_account_corrected,
    stg_contact.title,
    stg_contact.department,
    stg_contact.buying_role,
    stg_contact.created_on,
    stg_contact.left_on,
    nullif(split_part(stg_contact.email, '@', 2), '') as email_domain,
    coalesce(address.contacts - 1, 0) as same_address_contacts,
    coalesce($as_of - seen.last_seen_on < cfg_buying_group.active_days, false)
        and coalesce(stg_contact.left_on > $as_of, true) as is_active,
    seen.first_seen_on,
    seen.last_seen_on,
    coalesce(int_named_contact.events, 0) as events_by_contact_id,
    coalesce(found_event.by_email, 0) as events_by_email,
    coalesce(found_event.by_override, 0) as events_by_override,
    coalesce(found_row.tickets, 0) as tickets,
    coalesce(found_row.survey_responses, 0) as survey_responses,
    cast(coalesce(engaged.points, 0) as double) as engagement_points
from cfg_buying_group
cross join stg_contact
left join stg_account on stg_contact.account_id = stg_account.account_id
left join address on stg_contact.email = address.email
left join seen on stg_contact.contact_id = seen.contact_id
left join int_named_contact on stg_contact.contact_id = int_named_contact.contact_id
left join found_event on stg_contact.contact_id = found_event.contact_id
left join found_row on stg_contact.contact_id = found_row.contact_id
left join engaged on stg_contact.contact_id = engaged.contact_id
