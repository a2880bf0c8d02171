-- One person to ask next, and about what: a stage of the journey that their account has
-- just reached, or the relationship, once or twice a year. Nobody is asked twice within
-- the days of rest, and of one account only so many within the days of its quota; what is
-- beyond it waits. Who has left, asked to be forgotten, has no address, or whose address
-- bounced last time is never here. Where invitations are not extracted nobody knows who
-- was asked, and nobody is.
-- grain: contact_id
-- columns:
--   rank | integer | - | 1 = first to ask: stages first, then by influence
--   contact_id | text | key | the person
--   account_id | text | key | the person's account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   role | text | - | buying role
--   influence | float | 0-1 | what the role can move in the phase of use; 0 unnamed
--   kind | text | - | transactional (about a stage) or relationship
--   stage | text | - | stage to ask about; null for the relationship
--   entered_on | date | day | day the account entered it; null for the relationship
--   last_asked_on | date | day | day the person was asked last, null where never
--   account_asked | integer | people | people of the account asked within its days
--   send_until | date | day | last day on which the question still fits
--   why | text | - | the reason, in words
--   next_step | text | - | what to do
--   status | text | - | listed, or waiting (beyond the account's quota)
--   account_position | integer | - | place among the account's people
with

person as (
    select
        stg_contact.contact_id,
        stg_contact.account_id,
        stg_contact.buying_role as role,
        coalesce(cfg_influence.influence, 0) as influence
    from cfg_buying_group
    cross join stg_contact
    inner join stg_account on stg_contact.account_id = stg_account.account_id
    left join cfg_influence
        on cfg_buying_group.customer_purchase = cfg_influence.purchase
        and cfg_buying_group.customer_phase = cfg_influence.phase
        and stg_contact.buying_role = cfg_influence.role
    left anti join stg_erasure on stg_contact.contact_id = stg_erasure.contact_id
    where stg_contact.email is not null
        and coalesce(stg_contact.left_on > $as_of, true)
),

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
),

-- of a stage that somebody was found in, nobody knows when it began
reached as (
    select
        journey_stage.account_id,
        journey_stage.stage,
        journey_stage.entered_on,
        cfg_survey_trigger.role,
        journey_stage.entered_on
            + cast(cfg_survey_trigger.after_days + cfg_list_rule.trigger_days as int) - 1
            as send_until
    from cfg_list_rule
    inner join journey_stage on cfg_list_rule.survey_journey = journey_stage.journey
    inner join cfg_survey_trigger on journey_stage.stage = cfg_survey_trigger.stage
    where journey_stage.left_on is null
        and journey_stage.is_entry_seen
        and $as_of - journey_stage.entered_on >= cfg_survey_trigger.after_days
        and $as_of - journey_stage.entered_on
            < cfg_survey_trigger.after_days + cfg_list_rule.trigger_days
),

about_stage as (
    select
        person.contact_id,
        'transactional' as kind,
        reached.stage,
        reached.entered_on,
        reached.send_until
    from reached
    inner join person
        on reached.account_id = person.account_id and reached.role = person.role
    left anti join stg_survey_invitation as before
        on person.contact_id = before.contact_id
        and reached.stage = before.stage
        and before.sent_on >= reached.entered_on
),

about_relationship as (
    select
        person.contact_id,
        'relationship' as kind,
        cast(null as text) as stage,
        cast(null as date) as entered_on,
        cast(null as date) as send_until
    from cfg_list_rule
    cross join person
    inner join int_account_commercial
        on person.account_id = int_account_commercial.account_id
        and int_account_commercial.as_of = $as_of
        and int_account_commercial.mrr > 0
    left join asked on person.contact_id = asked.contact_id
    where $as_of - int_account_commercial.first_paid_on
            >= cfg_list_rule.relationship_from_day
        and coalesce(
            $as_of - asked.relationship_on >= cfg_list_rule.relationship_every_days, true
        )
),

-- one question a person: the stage before the relationship, and the newest stage
wanted as (
    select *
    from (
        select * from about_stage
        union all
        select * from about_relationship
    ) as question
    qualify row_number() over (
        partition by contact_id
        order by kind desc, entered_on desc nulls last, stage nulls last
    ) = 1
),

rested as (
    select
        wanted.*,
        person.account_id,
        person.role,
        person.influence,
        asked.asked_on,
        coalesce(account_asked.people, 0) as account_asked,
        cfg_list_rule.account_quota,
        cfg_list_rule.relationship_every_days
    from cfg_list_rule
    inner join cfg_source
        on cfg_source.source_table = 'survey_invitation' and cfg_source.is_declared
    cross join wanted
    inner join person on wanted.contact_id = person.contact_id
    left anti join bounced on wanted.contact_id = bounced.contact_id
    left join asked on wanted.contact_id = asked.contact_id
    left join account_asked on person.account_id = account_asked.account_id
    where coalesce($as_of - asked.asked_on >= cfg_list_rule.rest_days, true)
),

placed as (
    select
        *,
        cast(row_number() over (
            order by
                kind desc,
                influence desc,
                asked_on nulls first,
                contact_id
        ) as bigint) as rank,
        cast(row_number() over (
            partition by account_id
            order by
                kind desc,
                influence desc,
                asked_on nulls first,
                contact_id
        ) as bigint) as account_position
    from rested
)

select
    placed.rank,
    placed.contact_id,
    placed.account_id,
    int_list_account.account_name,
    int_list_account.owner_id,
    placed.role,
    cast(placed.influence as double) as influence,
    placed.kind,
    placed.stage,
    placed.entered_on,
    placed.asked_on as last_asked_on,
    placed.account_asked,
    placed.send_until,
    replace(
        replace(
            replace(cfg_list_reason.why, '{stage}', coalesce(placed.stage, '')),
            '{day}', coalesce(cast(placed.entered_on as text), '')
        ),
        '{days}', cast(placed.relationship_every_days as text)
    ) as why,
    replace(cfg_list_reason.next_step, '{stage}', coalesce(placed.stage, ''))
        as next_step,
    case
        when placed.account_asked + placed.account_position <= placed.account_quota
            then 'listed'
        else 'waiting'
    end as status,
    placed.account_position
from placed
inner join int_list_account on placed.account_id = int_list_account.account_id
inner join cfg_list_reason
    on cfg_list_reason.list = 'survey_send'
    and cfg_list_reason.reason
        = case placed.kind when 'relationship' then 'relationship' else 'stage' end
