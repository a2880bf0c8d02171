-- The content that comes first for one person in the stage of one journey: the first in
-- the order of their role that they neither saw nor were sent lately. Whoever knows all
-- of them has no row.
-- grain: account_id, contact_id, journey
-- columns:
--   account_id | text | key | the account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns it
--   is_in_holdout | boolean | - | the account is of the share that is kept out of lists
--   journey | text | key | journey
--   stage | text | - | the account's stage in it today
--   contact_id | text | key | the person
--   role | text | - | role in the purchase
--   influence | decimal(9,4) | 0-1 | what the role can move in this purchase and phase
--   content_id | text | key | content to show
--   evidence_role | text | - | whose figure it is: the role's own, or all
--   is_moved | boolean | - | accounts moved on more often after it
--   difference | float | -1-1 | share that moved on, seen less unseen
--   difference_low | float | -1-1 | low end of its 95 % interval
--   difference_high | float | -1-1 | high end of its 95 % interval
--   stays_seen | integer | stays | stays in the stage with an early view
--   accounts | integer | accounts | by how many accounts it was seen
with

known as (
    select
        int_action_person.account_id,
        int_action_person.contact_id,
        int_action_person.journey,
        int_content_rank.place,
        row_number() over (
            partition by int_action_person.account_id, int_action_person.contact_id,
                int_action_person.journey
            order by int_content_rank.place
        ) as known_number
    from int_action_person
    inner join int_known_content
        on int_action_person.contact_id = int_known_content.contact_id
    inner join int_content_rank
        on int_action_person.journey = int_content_rank.journey
        and int_action_person.stage = int_content_rank.stage
        and int_action_person.role = int_content_rank.role
        and int_known_content.content_id = int_content_rank.content_id
),

-- what a person knows without a gap from the first place on is passed over; the place
-- behind it is the first that is new to them
passed as (
    select
        account_id,
        contact_id,
        journey,
        count(*) as contents
    from known
    where place = known_number
    group by account_id, contact_id, journey
)

select
    int_action_person.account_id,
    int_action_person.account_name,
    int_action_person.owner_id,
    int_action_person.is_in_holdout,
    int_action_person.journey,
    int_action_person.stage,
    int_action_person.contact_id,
    int_action_person.role,
    int_action_person.influence,
    int_content_rank.content_id,
    int_content_rank.evidence_role,
    int_content_rank.is_moved,
    int_content_rank.difference,
    int_content_rank.difference_low,
    int_content_rank.difference_high,
    int_content_rank.stays_seen,
    int_content_rank.accounts
from int_action_person
left join passed
    on int_action_person.account_id = passed.account_id
    and int_action_person.contact_id = passed.contact_id
    and int_action_person.journey = passed.journey
inner join int_content_rank
    on int_action_person.journey = int_content_rank.journey
    and int_action_person.stage = int_content_rank.stage
    and int_action_person.role = int_content_rank.role
    and coalesce(passed.contents, 0) + 1 = int_content_rank.place
