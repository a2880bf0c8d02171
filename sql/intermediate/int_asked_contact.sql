-- One person who was asked at a cutoff: within the pipeline's days and long enough ago to
-- have had time to answer, and still there. Silent is who was heard of in no survey of
-- any kind since. Whoever bounced was never asked; where answers are not declared nobody
-- can be called silent.
-- grain: as_of, account_id, contact_id
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account the person was asked about
--   contact_id | text | key | the person asked
--   asked_days_ago | integer | days | age of the oldest of these invitations
--   is_silent | boolean | - | heard of in no survey since
with

asked_contact as (
    select
        cfg_cutoff_day.as_of,
        stg_survey_invitation.account_id,
        stg_survey_invitation.contact_id,
        max(cfg_cutoff_day.age_days) as asked_days_ago
    from cfg_voice
    cross join stg_survey_invitation
    inner join cfg_cutoff_day on stg_survey_invitation.sent_on = cfg_cutoff_day.day
    left join stg_contact on stg_survey_invitation.contact_id = stg_contact.contact_id
    where stg_survey_invitation.delivered
        and stg_survey_invitation.account_id is not null
        and stg_survey_invitation.contact_id is not null
        and cfg_cutoff_day.age_days
            between cfg_voice.silent_from_days and cfg_voice.silent_to_days
        and (stg_contact.left_on is null or stg_contact.left_on > cfg_cutoff_day.as_of)
    group by
        cfg_cutoff_day.as_of,
        stg_survey_invitation.account_id,
        stg_survey_invitation.contact_id
),

heard_contact as (
    select
        cfg_cutoff_day.as_of,
        coalesce(stg_survey_response.contact_id, stg_survey_invitation.contact_id)
            as contact_id,
        min(cfg_cutoff_day.age_days) as heard_days_ago
    from stg_survey_response
    inner join cfg_cutoff_day on stg_survey_response.responded_on = cfg_cutoff_day.day
    left join stg_survey_invitation
        on stg_survey_response.invitation_id = stg_survey_invitation.invitation_id
    where stg_survey_response.is_finished
    group by
        cfg_cutoff_day.as_of,
        coalesce(stg_survey_response.contact_id, stg_survey_invitation.contact_id)
)

select
    asked_contact.as_of,
    asked_contact.account_id,
    asked_contact.contact_id,
    asked_contact.asked_days_ago,
    coalesce(heard_contact.heard_days_ago > asked_contact.asked_days_ago, true)
        as is_silent
from asked_contact
inner join cfg_source
    on cfg_source.source_table = 'survey_response' and cfg_source.is_declared
left join heard_contact
    on asked_contact.as_of = heard_contact.as_of
    and asked_contact.contact_id = heard_contact.contact_id
