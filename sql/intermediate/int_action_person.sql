-- One person to whom something may be proposed, in the stage of one journey in which the
-- account is now: of the purchase that the account is in, in a role that can move
-- something, among the contacts, not erased, not spoken to in these days, and of an
-- account that waits for no severe ticket.
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
with

spoken_to as (
    select distinct int_activity.contact_id
    from int_activity
    where int_activity.mode = 'assisted'
        and int_activity.contact_id <> ''
        and int_activity.day <= $as_of
        and int_activity.day > $as_of - (select quiet_days from cfg_list_rule)
)

select
    int_account_moment.account_id,
    int_list_account.account_name,
    int_list_account.owner_id,
    int_list_account.is_in_holdout,
    int_stage_stay.journey,
    int_stage_stay.stage,
    int_purchase_member.contact_id,
    int_purchase_member.role,
    cfg_influence.influence
from int_account_moment
inner join int_list_account
    on int_account_moment.account_id = int_list_account.account_id
    and int_list_account.severe_tickets = 0
inner join int_stage_stay
    on int_account_moment.account_id = int_stage_stay.account_id
    and int_stage_stay.left_on is null
inner join int_purchase_member
    on int_account_moment.unit = int_purchase_member.unit
    and int_account_moment.unit_id = int_purchase_member.unit_id
inner join cfg_influence
    on int_account_moment.purchase = cfg_influence.purchase
    and int_account_moment.phase = cfg_influence.phase
    and int_purchase_member.role = cfg_influence.role
-- a person the deal names and the contacts lack cannot be written to
inner join stg_contact on int_purchase_member.contact_id = stg_contact.contact_id
left anti join stg_erasure
    on int_purchase_member.contact_id = stg_erasure.contact_id
left anti join spoken_to on int_purchase_member.contact_id = spoken_to.contact_id
where cfg_influence.influence > 0
