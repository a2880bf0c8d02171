-- One role in a purchase: whether it is needed, who fills it, and what is missing. A
-- purchase is an open deal, or a paying customer between deals, judged as its coming
-- renewal. A role is filled by a person who is still there and was seen lately; it does
-- not count that the CRM has a name for it.
-- grain: unit, unit_id, role
-- columns:
--   unit | text | - | opportunity, or account for customers between deals
--   unit_id | text | key | deal or account
--   account_id | text | key | account
--   account_name | text | - | the account's name
--   purchase | text | - | new, renewal, expansion, or what the deal says
--   phase | text | - | phase of the purchase
--   role | text | - | buying role
--   is_required | boolean | - | the group is not complete without it
--   influence | float | 0-1 | what the role can move in this purchase and phase
--   status | text | - | filled, inactive, never_appeared (known, no sign ever) or nobody
--   is_filled | boolean | - | an active person has the role
--   contacts | integer | people | people with the role
--   active_contacts | integer | people | of these, seen lately
--   filled_by | list<text> | key | the active people, most engaged first
--   last_seen_on | date | day | last sign of any of them
--   engagement | float | points | activity of the people with the role times influence
--   required_roles | integer | roles | roles that the purchase needs
--   filled_roles | integer | roles | of these, filled
--   completeness | float | 0-1 | filled_roles / required_roles; null where none is needed
with

by_role as (
    select
        unit,
        unit_id,
        role,
        count(*) as contacts,
        count(*) filter (where is_active) as active_contacts,
        array_agg(contact_id order by points desc, contact_id)
            filter (where is_active) as filled_by,
        max(last_seen_on) as last_seen_on,
        sum(points) as points
    from int_purchase_member
    group by unit, unit_id, role
),

wanted as (
    select
        int_purchase.unit,
        int_purchase.unit_id,
        int_purchase.account_id,
        int_purchase.purchase,
        int_purchase.phase,
        cfg_influence.role,
        cfg_influence.is_required,
        cfg_influence.influence,
        coalesce(by_role.contacts, 0) as contacts,
        coalesce(by_role.active_contacts, 0) as active_contacts,
        by_role.filled_by,
        by_role.last_seen_on,
        coalesce(by_role.points, 0) as points
    from int_purchase
    -- where people are not extracted, nobody knows that a role is empty
    inner join cfg_source
        on cfg_source.source_table = 'contact' and cfg_source.is_declared
    inner join cfg_influence
        on int_purchase.purchase = cfg_influence.purchase
        and int_purchase.phase = cfg_influence.phase
    left join by_role
        on int_purchase.unit = by_role.unit
        and int_purchase.unit_id = by_role.unit_id
        and cfg_influence.role = by_role.role
),

completed as (
    select
        unit,
        unit_id,
        count(*) filter (where is_required) as required_roles,
        count(*) filter (where is_required and active_contacts > 0) as filled_roles
    from wanted
    group by unit, unit_id
)

select
    wanted.unit,
    wanted.unit_id,
    wanted.account_id,
    stg_account.account_name,
    wanted.purchase,
    wanted.phase,
    wanted.role,
    wanted.is_required,
    cast(wanted.influence as double) as influence,
    case
        when wanted.active_contacts > 0 then 'filled'
        when wanted.last_seen_on is not null then 'inactive'
        when wanted.contacts > 0 then 'never_appeared'
        else 'nobody'
    end as status,
    wanted.active_contacts > 0 as is_filled,
    wanted.contacts,
    wanted.active_contacts,
    coalesce(wanted.filled_by, arrow_cast(make_array(), 'List(Utf8)')) as filled_by,
    wanted.last_seen_on,
    cast(round(wanted.points * wanted.influence, 4) as double) as engagement,
    completed.required_roles,
    completed.filled_roles,
    cast(completed.filled_roles as double) / nullif(completed.required_roles, 0)
        as completeness
from wanted
inner join completed
    on wanted.unit = completed.unit
    and wanted.unit_id = completed.unit_id
left join stg_account on wanted.account_id = stg_account.account_id
