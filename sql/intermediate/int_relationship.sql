-- What the relationship with one account hangs on: customers, and accounts with an open
-- deal. Shares are the part of the touches that went through the busiest person.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   their_contact_id | text | key | busiest of theirs
--   their_touches | integer | touches | touches of known people of theirs
--   their_top_touches | integer | touches | of these, through the busiest
--   their_people | integer | people | people of theirs with a touch
--   our_person_id | text | key | busiest of ours
--   our_touches | integer | touches | assisted touches that name somebody of ours
--   our_top_touches | integer | touches | of these, through the busiest
--   our_people | integer | people | people of ours with a touch
--   owner_changed_on | date | day | newest change of owner
--   previous_owner_id | text | key | the owner before it
--   champion_left_on | date | day | newest leaving of a champion, in the days that count
--   champion_contact_id | text | key | who that was
--   champion_role | text | - | and in which role
--   champions_left | integer | people | champions who left within the days that count
with

account as (
    select account_id
    from int_account_commercial
    where as_of = $as_of
    union
    select account_id
    from stg_opportunity
    where is_won is null and account_id is not null
),

owner_span as (
    select
        account_id,
        owner_id,
        valid_from,
        lag(owner_id) over (partition by account_id order by valid_from)
            as previous_owner_id
    from stg_owner_history
    where valid_from <= $as_of
),

owner_change as (
    select
        account_id,
        previous_owner_id,
        valid_from as changed_on
    from owner_span
    where owner_id <> previous_owner_id
    qualify row_number() over (partition by account_id order by valid_from desc) = 1
),

left_champion as (
    select
        stg_contact.account_id,
        stg_contact.contact_id,
        stg_contact.buying_role,
        stg_contact.left_on,
        count(*) over (partition by stg_contact.account_id) as champions_left,
        row_number() over (
            partition by stg_contact.account_id
            order by stg_contact.left_on desc, stg_contact.contact_id
        ) as position
    from cfg_relationship
    cross join stg_contact
    inner join cfg_relationship_role
        on stg_contact.buying_role = cfg_relationship_role.role
    where stg_contact.left_on <= $as_of
        and $as_of - stg_contact.left_on < cfg_relationship.champion_left_days
)

select
    account.account_id,
    theirs.person_id as their_contact_id,
    coalesce(theirs.account_touches, 0) as their_touches,
    coalesce(theirs.touches, 0) as their_top_touches,
    coalesce(theirs.people, 0) as their_people,
    ours.person_id as our_person_id,
    coalesce(ours.account_touches, 0) as our_touches,
    coalesce(ours.touches, 0) as our_top_touches,
    coalesce(ours.people, 0) as our_people,
    owner_change.changed_on as owner_changed_on,
    owner_change.previous_owner_id,
    left_champion.left_on as champion_left_on,
    left_champion.contact_id as champion_contact_id,
    left_champion.buying_role as champion_role,
    coalesce(cast(left_champion.champions_left as bigint), 0) as champions_left
from account
left join int_relationship_person as theirs
    on account.account_id = theirs.account_id
    and theirs.side = 'theirs'
    and theirs.position = 1
left join int_relationship_person as ours
    on account.account_id = ours.account_id
    and ours.side = 'ours'
    and ours.position = 1
left join owner_change on account.account_id = owner_change.account_id
left join left_champion
    on account.account_id = left_champion.account_id
    and left_champion.position = 1
