-- One person who takes part in a purchase: everybody of the account who is still there,
-- and whoever the deal names. The role is the one in the deal, else the contact's own.
-- grain: unit, unit_id, contact_id
-- columns:
--   unit | text | - | opportunity or account
--   unit_id | text | key | deal or account
--   contact_id | text | key | person
--   role | text | - | role in this purchase; unknown where none is given
--   last_seen_on | date | day | last sign of the person, null where there was none
--   is_active | boolean | - | seen within the days that the pipeline asks for
--   points | decimal(38,6) | points | what the person's activity counts, zero without any
with

candidate as (
    select
        int_purchase.unit,
        int_purchase.unit_id,
        stg_contact.contact_id
    from int_purchase
    inner join stg_contact on int_purchase.account_id = stg_contact.account_id
    union
    select
        int_purchase.unit,
        int_purchase.unit_id,
        stg_opportunity_contact_role.contact_id
    from int_purchase
    inner join stg_opportunity_contact_role
        on int_purchase.unit_id = stg_opportunity_contact_role.opportunity_id
        and int_purchase.unit = 'opportunity'
),

seen as (
    select
        contact_id,
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
    candidate.unit,
    candidate.unit_id,
    candidate.contact_id,
    coalesce(deal_role.role, stg_contact.buying_role, 'unknown') as role,
    seen.last_seen_on,
    coalesce($as_of - seen.last_seen_on < cfg_buying_group.active_days, false)
        as is_active,
    cast(coalesce(engaged.points, 0) as decimal(38,6)) as points
from cfg_buying_group
cross join candidate
left join stg_contact on candidate.contact_id = stg_contact.contact_id
left join stg_opportunity_contact_role as deal_role
    on candidate.unit = 'opportunity'
    and candidate.unit_id = deal_role.opportunity_id
    and candidate.contact_id = deal_role.contact_id
left join seen on candidate.contact_id = seen.contact_id
left join engaged on candidate.contact_id = engaged.contact_id
where coalesce(stg_contact.left_on > $as_of, true)
