-- Who of those with a role in a deal takes part, and who has left, of one account up to a
-- cutoff. The roles are those that deals record with a day: unlike the role of a contact,
-- which is today's, they are what the cutoff knew. Accounts none of whose deals has dated
-- roles have no row.
-- grain: as_of, account_id
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   role_holders | integer | people | people with a role who had not left by the cutoff
--   active_deciders_90d | integer | people | deciders with an event in 90 days
--   active_champions_90d | integer | people | champions with an event in 90 days
--   active_roles_90d | integer | roles | different roles with an event in 90 days
--   champions_left | integer | people | left within the days of `relationship`
with

holder as (
    select distinct
        cfg_cutoff.as_of,
        stg_opportunity.account_id,
        stg_opportunity_contact_role.contact_id,
        stg_opportunity_contact_role.role
    from cfg_cutoff
    cross join stg_opportunity_contact_role
    inner join stg_opportunity
        on stg_opportunity_contact_role.opportunity_id = stg_opportunity.opportunity_id
    where stg_opportunity_contact_role.created_on <= cfg_cutoff.as_of
        and stg_opportunity_contact_role.role is not null
        and stg_opportunity.account_id is not null
),

active as (
    select distinct
        cfg_cutoff_day.as_of,
        int_contact_day.account_id,
        int_contact_day.contact_id
    from int_contact_day
    inner join cfg_cutoff_day on int_contact_day.day = cfg_cutoff_day.day
    where cfg_cutoff_day.age_days < 90
),

judged as (
    select
        holder.as_of,
        holder.account_id,
        holder.contact_id,
        holder.role,
        active.contact_id is not null as is_active,
        coalesce(stg_contact.left_on <= holder.as_of, false) as is_gone,
        coalesce(
            stg_contact.left_on <= holder.as_of
            and holder.as_of - stg_contact.left_on < cfg_relationship.champion_left_days,
            false
        )
        and cfg_relationship_role.role is not null as is_lost_champion
    from cfg_relationship
    cross join holder
    left join active
        on holder.as_of = active.as_of
        and holder.account_id = active.account_id
        and holder.contact_id = active.contact_id
    left join stg_contact on holder.contact_id = stg_contact.contact_id
    left join cfg_relationship_role on holder.role = cfg_relationship_role.role
),

-- people and roles are made one first: one may appear in many deals
person as (
    select
        as_of,
        account_id,
        bool_or(not is_gone) as is_holder,
        bool_or(is_active and role = 'decider') as is_active_decider,
        bool_or(is_active and role = 'champion') as is_active_champion,
        bool_or(is_lost_champion) as is_lost_champion
    from judged
    group by as_of, account_id, contact_id
),

active_role as (
    select
        as_of,
        account_id,
        count(*) as roles
    from (select distinct as_of, account_id, role from judged where is_active) as seen
    group by as_of, account_id
),

people as (
    select
        as_of,
        account_id,
        count(*) filter (where is_holder) as role_holders,
        count(*) filter (where is_active_decider) as active_deciders_90d,
        count(*) filter (where is_active_champion) as active_champions_90d,
        count(*) filter (where is_lost_champion) as champions_left
    from person
    group by as_of, account_id
)

select
    people.as_of,
    people.account_id,
    people.role_holders,
    people.active_deciders_90d,
    people.active_champions_90d,
    coalesce(active_role.roles, 0) as active_roles_90d,
    people.champions_left
from people
left join active_role
    on people.as_of = active_role.as_of
    and people.account_id = active_role.account_id
