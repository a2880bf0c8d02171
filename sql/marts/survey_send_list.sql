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
--   why | text | - | the reason, in words of the pipeline's language
--   why_en | text | - | the same in English
--   why_ja | text | - | the same in Japanese
--   next_step | text | - | what to do
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   status | text | - | listed, or waiting (beyond the account's quota)
--   account_position | integer | - | place among the account's people
with

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

question as (
    select
        int_askable_contact.contact_id,
        'transactional' as kind,
        reached.stage,
        reached.entered_on,
        reached.send_until
    from reached
    inner join int_askable_contact
        on reached.account_id = int_askable_contact.account_id
        and reached.role = int_askable_contact.role
    left anti join stg_survey_invitation as before
        on int_askable_contact.contact_id = before.contact_id
        and reached.stage = before.stage
        and before.sent_on >= reached.entered_on
    union all
    select
        contact_id,
        'relationship' as kind,
        cast(null as text) as stage,
        cast(null as date) as entered_on,
        cast(null as date) as send_until
    from int_relationship_question
),

-- one question a person: the stage before the relationship, and the newest stage
wanted as (
    select *
    from question
    qualify row_number() over (
        partition by contact_id
        order by kind desc, entered_on desc nulls last, stage nulls last
    ) = 1
),

placed as (
    select
        wanted.*,
        make_array(
            'stage', wanted.stage, 'day', cast(wanted.entered_on as text),
            'days', cast(cfg_list_rule.relationship_every_days as text)
        ) as evidence,
        int_askable_contact.account_id,
        int_askable_contact.role,
        int_askable_contact.influence,
        int_askable_contact.asked_on,
        int_askable_contact.account_asked,
        cast(row_number() over (
            order by
                wanted.kind desc,
                int_askable_contact.influence desc,
                int_askable_contact.asked_on nulls first,
                wanted.contact_id
        ) as bigint) as rank,
        cast(row_number() over (
            partition by int_askable_contact.account_id
            order by
                wanted.kind desc,
                int_askable_contact.influence desc,
                int_askable_contact.asked_on nulls first,
                wanted.contact_id
        ) as bigint) as account_position
    from cfg_list_rule
    cross join wanted
    inner join int_askable_contact on wanted.contact_id = int_askable_contact.contact_id
)

select
    placed.rank, placed.contact_id, placed.account_id,
    int_list_account.account_name, int_list_account.owner_id,
    placed.role,
    cast(placed.influence as double) as influence,
    placed.kind,
    placed.stage,
    placed.entered_on,
    placed.asked_on as last_asked_on,
    placed.account_asked,
    placed.send_until,
    phrased(cfg_list_reason.why, placed.evidence, cfg_list_reason.words) as why,
    phrased(cfg_list_reason.why_en, placed.evidence, cfg_list_reason.words_en) as why_en,
    phrased(cfg_list_reason.why_ja, placed.evidence, cfg_list_reason.words_ja) as why_ja,
    phrased(cfg_list_reason.next_step, placed.evidence, cfg_list_reason.words)
        as next_step,
    phrased(cfg_list_reason.next_step_en, placed.evidence, cfg_list_reason.words_en)
        as next_step_en,
    phrased(cfg_list_reason.next_step_ja, placed.evidence, cfg_list_reason.words_ja)
        as next_step_ja,
    case
        when placed.account_asked + placed.account_position <= cfg_list_rule.account_quota
            then 'listed'
        else 'waiting'
    end as status,
    placed.account_position
from cfg_list_rule
cross join placed
inner join int_list_account on placed.account_id = int_list_account.account_id
inner join cfg_list_reason
    on cfg_list_reason.list = 'survey_send'
    and cfg_list_reason.reason
        = case placed.kind when 'relationship' then 'relationship' else 'stage' end
