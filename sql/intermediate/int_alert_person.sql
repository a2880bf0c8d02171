-- Something about a person that the owner of the account must hear of at once, worded: a
-- bad answer, the newest of each person and metric, or a champion who left.
-- grain: account_id, alert, subject
-- columns:
--   account_id | text | key | account
--   alert | text | - | negative_answer or champion_left
--   subject | text | key | person and metric, or person: what tells two apart
--   happened_on | date | day | when
--   contact_id | text | key | the person, null where nobody knows who answered
--   score | integer | scale of the metric | the answer; null for who left
--   metric | text | - | nps, csat or ces; null for who left
--   why | text | - | the reason, in words of the pipeline's language
--   why_en | text | - | the same in English
--   why_ja | text | - | the same in Japanese
--   next_step | text | - | what to do
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
with

bad_answer as (
    select
        int_survey_answer.account_id,
        'negative_answer' as alert,
        concat(
            coalesce(int_survey_answer.contact_id, int_survey_answer.response_id),
            '/', int_survey_answer.metric
        ) as subject,
        int_survey_answer.responded_on as happened_on,
        int_survey_answer.contact_id,
        int_survey_answer.score,
        int_survey_answer.metric,
        coalesce(int_survey_answer.contact_id, '?') as who,
        cast(null as text) as role
    from cfg_list_rule
    cross join int_survey_answer
    where int_survey_answer.is_bad
        and int_survey_answer.account_id is not null
        and int_survey_answer.responded_on <= $as_of
        and $as_of - int_survey_answer.responded_on < cfg_list_rule.alert_days
    qualify row_number() over (
        partition by
            int_survey_answer.account_id,
            coalesce(int_survey_answer.contact_id, int_survey_answer.response_id),
            int_survey_answer.metric
        order by
            int_survey_answer.responded_at desc nulls last,
            int_survey_answer.response_id desc
    ) = 1
),

left_champion as (
    select
        stg_contact.account_id,
        'champion_left' as alert,
        stg_contact.contact_id as subject,
        stg_contact.left_on as happened_on,
        stg_contact.contact_id,
        cast(null as bigint) as score,
        cast(null as text) as metric,
        stg_contact.contact_id as who,
        stg_contact.buying_role as role
    from cfg_list_rule
    cross join stg_contact
    inner join cfg_relationship_role
        on stg_contact.buying_role = cfg_relationship_role.role
    where stg_contact.account_id is not null
        and stg_contact.left_on <= $as_of
        and $as_of - stg_contact.left_on < cfg_list_rule.alert_days
),

raised as (
    select * from bad_answer
    union all
    select * from left_champion
),

said as (
    select
        *,
        make_array(
            'who', who, 'role', role, 'metric', metric, 'score', cast(score as text),
            'day', cast(happened_on as text)
        ) as evidence
    from raised
)

select
    said.account_id,
    said.alert,
    said.subject,
    said.happened_on,
    said.contact_id,
    said.score,
    said.metric,
    phrased(cfg_list_reason.why, said.evidence, cfg_list_reason.words) as why,
    phrased(cfg_list_reason.why_en, said.evidence, cfg_list_reason.words_en) as why_en,
    phrased(cfg_list_reason.why_ja, said.evidence, cfg_list_reason.words_ja) as why_ja,
    phrased(cfg_list_reason.next_step, said.evidence, cfg_list_reason.words) as next_step,
    phrased(cfg_list_reason.next_step_en, said.evidence, cfg_list_reason.words_en)
        as next_step_en,
    phrased(cfg_list_reason.next_step_ja, said.evidence, cfg_list_reason.words_ja)
        as next_step_ja
from said
inner join cfg_list_reason
    on cfg_list_reason.list = 'alert' and said.alert = cfg_list_reason.reason
