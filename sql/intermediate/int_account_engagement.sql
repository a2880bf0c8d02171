-- How engaged the people of one account are: points of each person's activity times the
-- influence of the person's role in a customer's purchase, of people who have not left.
-- An account of whose people no role is known has no row, and neither has any where
-- events are not declared: nobody could tell engagement from its absence.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   people | integer | people | people whose role has an influence
--   points | decimal(38,6) | points | what their activity counts, zero without any
with

person as (
    select
        stg_contact.account_id,
        stg_contact.contact_id,
        cfg_influence.influence
    from cfg_buying_group
    inner join cfg_source on cfg_source.source_table = 'event' and cfg_source.is_declared
    inner join cfg_influence
        on cfg_buying_group.customer_purchase = cfg_influence.purchase
        and cfg_buying_group.customer_phase = cfg_influence.phase
    inner join stg_contact on cfg_influence.role = stg_contact.buying_role
    where stg_contact.account_id is not null
        and coalesce(stg_contact.left_on > $as_of, true)
)

select
    person.account_id,
    count(*) as people,
    cast(
        sum(
            cast(
                coalesce(int_contact_engagement.points, 0) * person.influence
                as decimal(38,6)
            )
        ) as decimal(38,6)
    ) as points
from person
left join int_contact_engagement
    on person.account_id = int_contact_engagement.account_id
    and person.contact_id = int_contact_engagement.contact_id
group by person.account_id
