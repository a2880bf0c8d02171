-- One account, put together from every source on the as-of day, with how each part was
-- linked to it. Where it stands among the accounts that own it follows the newest extract
-- of that day; links follow the rules of trust, and links_with_refusals says how many of
-- them had another candidate.
-- grain: account_id
-- columns:
--   account_id | text | key | the account's key in the CRM
--   account_name | text | - | the account's name
--   domain | text | - | e-mail domain
--   owner_id | text | key | the person of ours who owns the account
--   segment | text | - | the company's own segment
--   industry | text | - | industry
--   region | text | - | sales region
--   country | text | - | country
--   employees | integer | people | number of employees
--   created_on | date | day | day the account was created
--   parent_account_id | text | key | the listed account that owns it
--   root_account_id | text | key | the account at the top, itself where nobody owns it
--   depth | integer | levels | steps to the top
--   children | integer | accounts | accounts that it owns directly
--   is_customer | boolean | - | it has an active contract, trial or paid
--   open_deals | integer | deals | deals that are neither won nor lost
--   contacts | integer | people | people who have not left
--   active_contacts | integer | people | of these, seen lately
--   first_seen_on | date | day | first sign of a known person
--   last_seen_on | date | day | last sign of a known person
--   events_by_account_id | integer | events | linked because they name the account
--   events_by_contact_id | integer | events | linked because they name a person of it
--   events_by_email | integer | events | linked by the address of a person of it
--   events_by_domain | integer | events | linked by the address's domain alone
--   events_by_override | integer | events | linked because a person of ours said so
--   tickets | integer | tickets | tickets
--   survey_responses | integer | answers | answers to surveys, finished or not
--   rows_by_override | integer | rows | tickets and answers corrected by a person of ours
--   links_with_refusals | integer | links | links with another candidate, refused
with

people as (
    select
        stg_contact.account_id,
        count(*) as contacts,
        count(*) filter (
            where $as_of - int_contact_presence.last_seen_on
                < cfg_buying_group.active_days
        ) as active_contacts
    from cfg_buying_group
    cross join stg_contact
    left join int_contact_presence
        on stg_contact.account_id = int_contact_presence.account_id
        and stg_contact.contact_id = int_contact_presence.contact_id
    where coalesce(stg_contact.left_on > $as_of, true)
    group by stg_contact.account_id
),

seen as (
    select
        account_id,
        min(first_seen_on) as first_seen_on,
        max(last_seen_on) as last_seen_on
    from int_contact_presence
    group by account_id
),

deal as (
    select
        account_id,
        count(*) as open_deals
    from stg_opportunity
    where is_won is null
    group by account_id
),

customer as (
    select account_id
    from int_account_commercial
    where as_of = $as_of
)

select
    stg_account.account_id,
    stg_account.account_name,
    stg_account.domain,
    stg_account.owner_id,
    stg_account.segment,
    stg_account.industry,
    stg_account.region,
    stg_account.country,
    stg_account.employees,
    stg_account.created_on,
    int_account_hierarchy.parent_account_id,
    int_account_hierarchy.root_account_id,
    int_account_hierarchy.depth,
    int_account_hierarchy.children,
    customer.account_id is not null as is_customer,
    coalesce(deal.open_deals, 0) as open_deals,
    coalesce(people.contacts, 0) as contacts,
    coalesce(people.active_contacts, 0) as active_contacts,
    seen.first_seen_on,
    seen.last_seen_on,
    coalesce(linked.events_by_account_id, 0) as events_by_account_id,
    coalesce(linked.events_by_contact_id, 0) as events_by_contact_id,
    coalesce(linked.events_by_email, 0) as events_by_email,
    coalesce(linked.events_by_domain, 0) as events_by_domain,
    coalesce(linked.events_by_override, 0) as events_by_override,
    coalesce(linked.tickets, 0) as tickets,
    coalesce(linked.survey_responses, 0) as survey_responses,
    coalesce(linked.rows_by_override, 0) as rows_by_override,
    coalesce(linked.links_with_refusals, 0) as links_with_refusals
from stg_account
inner join int_account_hierarchy
    on stg_account.account_id = int_account_hierarchy.account_id
left join customer on stg_account.account_id = customer.account_id
left join deal on stg_account.account_id = deal.account_id
left join people on stg_account.account_id = people.account_id
left join seen on stg_account.account_id = seen.account_id
left join int_account_identity as linked on stg_account.account_id = linked.account_id
