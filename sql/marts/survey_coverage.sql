-- Which roles were asked at which stage, and which of them answered, over the history of
-- the pipeline; beside them the roles that should be asked, because their influence
-- decides at that stage. Relationship surveys are meant for every role that has any
-- influence; transactional ones for those who decide what the stage is about. A role
-- that is wanted and was never asked is a row of zeros: that is the finding.
-- grain: kind, stage, role
-- columns:
--   kind | text | - | relationship or transactional
--   stage | text | - | stage of the journey; unknown for relationship surveys
--   role | text | - | role in the purchase of the person asked
--   influence | float | 0-1 | of the role at the stage; the largest for relationship
--   is_wanted | boolean | - | the role should be asked there
--   customers | integer | accounts | paying accounts with somebody in the role
--   accounts_asked | integer | accounts | accounts with somebody asked
--   accounts_answered | integer | accounts | of these, with an answer
--   people_asked | integer | people | people whom an invitation reached
--   people_answered | integer | people | of these, who answered
--   invited | integer | invitations | sent
--   delivered | integer | invitations | of these, not bounced
--   answered | integer | invitations | of those, answered
--   response_rate | float | 0-1 | answered / delivered
--   response_rate_low | float | 0-1 | low end of its 95 % Wilson interval
--   response_rate_high | float | 0-1 | high end of its 95 % Wilson interval
--   state | text | - | heard, silent, not_asked, or unplanned (asked and not wanted)
with

wanted as (
    select
        'transactional' as kind,
        cfg_voice_stage.stage,
        cfg_influence.role,
        cfg_influence.influence,
        cfg_influence.influence >= cfg_voice.decides_from as is_wanted
    from cfg_voice
    cross join cfg_voice_stage
    inner join cfg_influence
        on cfg_voice_stage.purchase = cfg_influence.purchase
        and cfg_voice_stage.phase = cfg_influence.phase
    union all
    select
        'relationship' as kind,
        'unknown' as stage,
        role,
        max(influence) as influence,
        max(influence) > 0 as is_wanted
    from cfg_influence
    group by role
),

request as (
    select
        invitation.kind,
        invitation.stage,
        coalesce(nullif(stg_contact.buying_role, 'all'), 'unknown') as role,
        invitation.account_id,
        invitation.contact_id,
        invitation.delivered,
        invitation.delivered and answer.invitation_id is not null as is_answered
    from stg_survey_invitation as invitation
    inner join cfg_cutoff_day
        on invitation.sent_on = cfg_cutoff_day.day
        and cfg_cutoff_day.as_of = $as_of
    left join stg_contact on invitation.contact_id = stg_contact.contact_id
    left join (select distinct invitation_id from int_survey_answer) as answer
        on invitation.invitation_id = answer.invitation_id
),

asked as (
    select
        kind,
        stage,
        role,
        count(distinct account_id) filter (where delivered) as accounts_asked,
        count(distinct account_id) filter (where is_answered) as accounts_answered,
        count(distinct contact_id) filter (where delivered) as people_asked,
        count(distinct contact_id) filter (where is_answered) as people_answered,
        count(*) as invited,
        count(*) filter (where delivered) as delivered,
        count(*) filter (where is_answered) as answered
    from request
    group by kind, stage, role
),

there as (
    select
        stg_contact.buying_role as role,
        count(distinct stg_contact.account_id) as customers
    from stg_contact
    inner join int_account_commercial
        on stg_contact.account_id = int_account_commercial.account_id
        and int_account_commercial.as_of = $as_of
        and int_account_commercial.mrr > 0
    where coalesce(stg_contact.left_on > $as_of, true)
    group by stg_contact.buying_role
),

cell as (
    select
        coalesce(asked.kind, wanted.kind) as kind,
        coalesce(asked.stage, wanted.stage) as stage,
        coalesce(asked.role, wanted.role) as role,
        wanted.influence,
        coalesce(wanted.is_wanted, false) as is_wanted,
        coalesce(asked.accounts_asked, 0) as accounts_asked,
        coalesce(asked.accounts_answered, 0) as accounts_answered,
        coalesce(asked.people_asked, 0) as people_asked,
        coalesce(asked.people_answered, 0) as people_answered,
        coalesce(asked.invited, 0) as invited,
        coalesce(asked.delivered, 0) as delivered,
        coalesce(asked.answered, 0) as answered
    from asked
    full outer join wanted
        on asked.kind = wanted.kind
        and asked.stage = wanted.stage
        and asked.role = wanted.role
    where asked.kind is not null or wanted.is_wanted
)

select
    cell.kind,
    cell.stage,
    cell.role,
    cast(cell.influence as double) as influence,
    cell.is_wanted,
    coalesce(there.customers, 0) as customers,
    cell.accounts_asked, cell.accounts_answered, cell.people_asked, cell.people_answered,
    cell.invited, cell.delivered, cell.answered,
    cast(cell.answered as double) / nullif(cell.delivered, 0) as response_rate,
    wilson_low(cell.answered, cell.delivered) as response_rate_low,
    wilson_high(cell.answered, cell.delivered) as response_rate_high,
    case
        when cell.delivered = 0 then 'not_asked'
        when not cell.is_wanted then 'unplanned'
        when cell.answered = 0 then 'silent'
        else 'heard'
    end as state
from cell
-- where invitations are not extracted, nobody knows who was asked
inner join cfg_source
    on cfg_source.source_table = 'survey_invitation' and cfg_source.is_declared
left join there on cell.role = there.role
