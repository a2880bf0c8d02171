-- One person whose voice an account has: everybody who is still there, and whoever
-- answered without a name. What counts is the newest relationship answer within the days
-- for which the pipeline lets it speak, whether they were asked in that time, and how
-- much their role can move in the purchase the account is in. People who have left say
-- nothing any more, whatever they said.
-- grain: account_id, person_key
-- columns:
--   account_id | text | key | listed account
--   person_key | text | key | the contact's key, or that of an answer nobody signed
--   role | text | - | role in the purchase; unknown where none is known
--   influence | decimal(9,4) | 0-1 | of the role in the account's purchase, 0 for none
--   decides | boolean | - | a role whose answer decides
--   is_asked | boolean | - | asked, and it arrived; null without invitations
--   is_silent | boolean | - | asked, had time, heard of in no survey; null as is_asked
--   score | integer | 0-10 | newest answer; null where there is none
--   is_good | boolean | - | a promoter
--   is_bad | boolean | - | a detractor
with

answer as (
    select
        int_survey_answer.account_id,
        coalesce(
            int_survey_answer.contact_id, 'answer ' || int_survey_answer.response_id
        ) as person_key,
        int_survey_answer.score,
        int_survey_answer.is_good,
        int_survey_answer.is_bad
    from cfg_voice
    cross join int_survey_answer
    inner join cfg_cutoff_day
        on int_survey_answer.responded_on = cfg_cutoff_day.day
        and cfg_cutoff_day.as_of = $as_of
    where int_survey_answer.metric = 'nps'
        and int_survey_answer.kind = 'relationship'
        and int_survey_answer.account_id is not null
        and cfg_cutoff_day.age_days < cfg_voice.answer_days
    qualify row_number() over (
        partition by
            int_survey_answer.account_id,
            coalesce(
                int_survey_answer.contact_id, 'answer ' || int_survey_answer.response_id
            )
        order by int_survey_answer.responded_at desc, int_survey_answer.response_id desc
    ) = 1
),

asked as (
    select distinct
        stg_survey_invitation.account_id,
        stg_survey_invitation.contact_id
    from cfg_voice
    cross join stg_survey_invitation
    inner join cfg_cutoff_day
        on stg_survey_invitation.sent_on = cfg_cutoff_day.day
        and cfg_cutoff_day.as_of = $as_of
    where stg_survey_invitation.kind = 'relationship'
        and stg_survey_invitation.delivered
        and stg_survey_invitation.contact_id is not null
        and cfg_cutoff_day.age_days < cfg_voice.answer_days
),

person as (
    select account_id, contact_id as person_key
    from stg_contact
    where account_id is not null
    union
    select account_id, person_key from answer
)

select
    person.account_id,
    person.person_key,
    coalesce(nullif(stg_contact.buying_role, 'all'), 'unknown') as role,
    coalesce(cfg_influence.influence, cast(0 as decimal(9,4))) as influence,
    coalesce(cfg_influence.influence >= cfg_voice.decides_from, false) as decides,
    case when invitation.is_declared then asked.contact_id is not null end as is_asked,
    case when invitation.is_declared then coalesce(int_asked_contact.is_silent, false)
        end as is_silent,
    answer.score,
    coalesce(answer.is_good, false) as is_good,
    coalesce(answer.is_bad, false) as is_bad
from cfg_voice
cross join person
inner join stg_account on person.account_id = stg_account.account_id
-- where answers are not extracted, nobody listened
inner join cfg_source
    on cfg_source.source_table = 'survey_response' and cfg_source.is_declared
inner join cfg_source as invitation
    on invitation.source_table = 'survey_invitation'
left join stg_contact on person.person_key = stg_contact.contact_id
left join int_account_moment on person.account_id = int_account_moment.account_id
left join cfg_influence
    on int_account_moment.purchase = cfg_influence.purchase
    and int_account_moment.phase = cfg_influence.phase
    and stg_contact.buying_role = cfg_influence.role
left join answer
    on person.account_id = answer.account_id and person.person_key = answer.person_key
left join asked
    on person.account_id = asked.account_id and person.person_key = asked.contact_id
left join int_asked_contact
    on int_asked_contact.as_of = $as_of
    and person.account_id = int_asked_contact.account_id
    and person.person_key = int_asked_contact.contact_id
where coalesce(stg_contact.left_on > $as_of, true)
