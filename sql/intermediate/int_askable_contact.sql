-- One person who may be asked something today: still there, with an address that did not
-- bounce last time, not erased, and rested since the last question. Where invitations are
-- not extracted nobody knows who was asked, and nobody is here.
-- grain: contact_id
-- columns:
--   contact_id | text | key | the person
--   account_id | text | key | the person's account
--   role | text | - | buying role
--   influence | decimal(9,4) | 0-1 | what the role moves in the phase of use; 0 unnamed
--   asked_on | date | day | day the person was asked last, null where never
--   relationship_on | date | day | the same, about the relationship
--   account_asked | integer | people | people of the account asked within its days
with

asked as (
    select
        contact_id,
        max(sent_on) filter (where delivered) as asked_on,
        max(sent_on) filter (where delivered and kind = 'relationship')
            as relationship_on
    from stg_survey_invitation
    where contact_id is not null
    group by contact_id
),

bounced as (
    select contact_id
    from (
        select
            contact_id,
            delivered
        from stg_survey_invitation
        where contact_id is not null
        qualify row_number() over (
            partition by contact_id
            order by sent_at desc nulls last, invitation_id desc
        ) = 1
    ) as newest
    where not delivered
),

account_asked as (
    select
        stg_survey_invitation.account_id,
        count(distinct stg_survey_invitation.contact_id) as people
    from cfg_list_rule
    cross join stg_survey_invitation
    where stg_survey_invitation.delivered
        and stg_survey_invitation.account_id is not null
        and $as_of - stg_survey_invitation.sent_on < cfg_list_rule.account_days
    group by stg_survey_invitation.account_id
)

select
    stg_contact.contact_id,
    stg_contact.account_id,
    stg_contact.buying_role as role,
    coalesce(cfg_influence.influence, cast(0 as decimal(9,4))) as influence,
    asked.asked_on,
    asked.relationship_on,
    coalesce(account_asked.people, 0) as account_asked
from cfg_buying_group
cross join cfg_list_rule
inner join cfg_source
    on cfg_source.source_table = 'survey_invitation' and cfg_source.is_declared
cross join stg_contact
inner join stg_account on stg_contact.account_id = stg_account.account_id
left join cfg_influence
    on cfg_buying_group.customer_purchase = cfg_influence.purchase
    and cfg_buying_group.customer_phase = cfg_influence.phase
    and stg_contact.buying_role = cfg_influence.role
left anti join stg_erasure on stg_contact.contact_id = stg_erasure.contact_id
left anti join bounced on stg_contact.contact_id = bounced.contact_id
left join asked on stg_contact.contact_id = asked.contact_id
left join account_asked on stg_contact.account_id = account_asked.account_id
where stg_contact.email is not null
    and coalesce(stg_contact.left_on > $as_of, true)
    and coalesce($as_of - asked.asked_on >= cfg_list_rule.rest_days, true)
