-- One request to answer a survey. Bounced ones are kept and marked: a rate of answers
-- counts delivered invitations only. Of a repeated key the first sending is kept, and of
-- those a delivered one; the other columns only make the choice total.
-- grain: invitation_id
-- columns:
--   invitation_id | text | key | the invitation's key
--   account_id | text | key | account, from the contact where the invitation names none
--   contact_id | text | key | person asked
--   kind | text | - | relationship or transactional, lower case
--   stage | text | - | stage of the journey it asks about; unknown where none is given
--   sent_at | timestamp | UTC | when it was sent
--   sent_on | date | day | the day of that, in the pipeline's time zone
--   delivered | boolean | - | false when it bounced; true where nothing is said
with

ranked as (
    select
        *,
        row_number() over (
            partition by invitation_id
            order by
                sent_at asc nulls last,
                coalesce(delivered, true) desc,
                account_id asc nulls last,
                contact_id asc nulls last,
                kind asc nulls last,
                stage asc nulls last
        ) as position
    from raw_survey_invitation
)

select
    ranked.invitation_id,
    coalesce(nullif(trim(ranked.account_id), ''), stg_contact.account_id) as account_id,
    nullif(trim(ranked.contact_id), '') as contact_id,
    coalesce(nullif(lower(trim(ranked.kind)), ''), 'unknown') as kind,
    -- `all` is the name of the roll-up, so no stage may bear it
    coalesce(nullif(nullif(lower(trim(ranked.stage)), ''), 'all'), 'unknown') as stage,
    ranked.sent_at,
    local_day(ranked.sent_at) as sent_on,
    coalesce(ranked.delivered, true) as delivered
from ranked
left join stg_contact on ranked.contact_id = stg_contact.contact_id
where ranked.position = 1
