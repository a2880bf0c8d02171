-- One answer to one metric question, finished or not, whatever its score: the models
-- above decide what counts. What an answer does not say itself (account, person, stage)
-- it takes from its invitation, the account at last from the person; an account that a
-- person of ours has corrected holds before all. Of a repeated key the newest finished
-- row is kept; the other columns only make the choice total.
-- grain: response_id
-- columns:
--   response_id | text | key | the answer's key
--   invitation_id | text | key | the invitation it answers
--   account_id | text | key | account
--   named_account_id | text | key | account as the answer names it
--   account_rule | text | - | override, account_id, invitation or contact_id
--   contact_id | text | key | person who answered
--   named_contact_id | text | key | person as the answer names them
--   kind | text | - | relationship or transactional, lower case
--   stage | text | - | stage of the journey it asks about; unknown where none is given
--   metric | text | - | nps, csat or ces, lower case
--   score | integer | scale of the metric | answer as given, also outside the scale
--   responded_at | timestamp | UTC | when the answer came
--   responded_on | date | day | the day of that, in the pipeline's time zone
--   is_finished | boolean | - | false when broken off; true where nothing is said
--   ticket_id | text | key | the ticket it is about
--   delivery_id | text | key | the delivery it is about
with

ranked as (
    select
        *,
        row_number() over (
            partition by response_id
            order by
                coalesce(is_finished, true) desc,
                responded_at desc nulls last,
                score asc nulls last,
                invitation_id asc nulls last,
                account_id asc nulls last,
                contact_id asc nulls last,
                kind asc nulls last,
                stage asc nulls last,
                metric asc nulls last,
                ticket_id asc nulls last,
                delivery_id asc nulls last
        ) as position
    from raw_survey_response
),

named as (
    select
        ranked.*,
        coalesce(nullif(trim(ranked.contact_id), ''), invitation.contact_id) as person_id,
        nullif(trim(ranked.account_id), '') as named_account_id,
        invitation.account_id as invited_account_id,
        -- `all` is the name of the roll-up, so no stage may bear it
        nullif(nullif(lower(trim(ranked.stage)), ''), 'all') as named_stage,
        invitation.stage as invited_stage
    from ranked
    left join stg_survey_invitation as invitation
        on ranked.invitation_id = invitation.invitation_id
    where ranked.position = 1
)

select
    named.response_id,
    nullif(trim(named.invitation_id), '') as invitation_id,
    case
        when stg_override.row_key is not null then stg_override.value
        else coalesce(
            named.named_account_id, named.invited_account_id, stg_contact.account_id
        )
    end as account_id,
    named.named_account_id,
    case
        when stg_override.row_key is not null then 'override'
        when named.named_account_id is not null then 'account_id'
        when named.invited_account_id is not null then 'invitation'
        when stg_contact.account_id is not null then 'contact_id'
    end as account_rule,
    named.person_id as contact_id,
    nullif(trim(named.contact_id), '') as named_contact_id,
    coalesce(nullif(lower(trim(named.kind)), ''), 'unknown') as kind,
    coalesce(named.named_stage, named.invited_stage, 'unknown') as stage,
    lower(trim(named.metric)) as metric,
    named.score,
    named.responded_at,
    local_day(named.responded_at) as responded_on,
    coalesce(named.is_finished, true) as is_finished,
    nullif(trim(named.ticket_id), '') as ticket_id,
    nullif(trim(named.delivery_id), '') as delivery_id
from named
left join stg_contact on named.person_id = stg_contact.contact_id
left join stg_override
    on named.response_id = stg_override.row_key
    and stg_override.table_name = 'survey_response'
    and stg_override.column_name = 'account_id'
