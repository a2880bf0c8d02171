-- One invitation as a request for one metric. An invitation does not say which
-- metric it asks for, so a kind and stage ask for the metrics that anybody answered
-- there; a stage that nobody answered at all is counted for every metric of its kind,
-- because silence must not vanish. Only invitations within the history.
-- grain: invitation_id, metric
-- columns:
--   invitation_id | text | key | invitation
--   metric | text | - | nps, csat or ces
--   kind | text | - | relationship or transactional
--   stage | text | - | stage of the journey it asks about
--   account_id | text | key | account, where known
--   contact_id | text | key | person asked
--   role | text | - | their role in the purchase today; unknown where none is known
--   sent_on | date | day | day it was sent
--   is_delivered | boolean | - | false when it bounced
--   is_answered | boolean | - | an answer to it counts for this metric
with

recent_day as (
    select day
    from cfg_cutoff_day
    where as_of = $as_of
),

recent_invitation as (
    select
        invitation_id,
        kind,
        stage,
        account_id,
        contact_id,
        sent_on,
        delivered
    from stg_survey_invitation
    inner join recent_day on stg_survey_invitation.sent_on = recent_day.day
),

-- unfinished answers too: they show what was asked
response_place as (
    select distinct
        stg_survey_response.metric,
        stg_survey_response.kind,
        stg_survey_response.stage
    from stg_survey_response
    inner join recent_day on stg_survey_response.responded_on = recent_day.day
    inner join cfg_survey_metric on stg_survey_response.metric = cfg_survey_metric.metric
),

silent_place as (
    select distinct
        recent_invitation.kind,
        recent_invitation.stage
    from recent_invitation
    left anti join response_place
        on recent_invitation.kind = response_place.kind
        and recent_invitation.stage = response_place.stage
),

asked_place as (
    select metric, kind, stage
    from response_place
    union all
    select
        metric_of_kind.metric,
        silent_place.kind,
        silent_place.stage
    from silent_place
    inner join (select distinct metric, kind from response_place) as metric_of_kind
        on silent_place.kind = metric_of_kind.kind
),

answered as (
    select distinct
        invitation_id,
        metric
    from int_survey_answer
)

select
    recent_invitation.invitation_id,
    asked_place.metric,
    recent_invitation.kind,
    recent_invitation.stage,
    recent_invitation.account_id,
    recent_invitation.contact_id,
    -- `all` is the name of the roll-up, so no role may bear it
    coalesce(nullif(stg_contact.buying_role, 'all'), 'unknown') as role,
    recent_invitation.sent_on,
    recent_invitation.delivered as is_delivered,
    answered.invitation_id is not null as is_answered
from recent_invitation
inner join asked_place
    on recent_invitation.kind = asked_place.kind
    and recent_invitation.stage = asked_place.stage
left join answered
    on recent_invitation.invitation_id = answered.invitation_id
    and asked_place.metric = answered.metric
left join stg_contact on recent_invitation.contact_id = stg_contact.contact_id
