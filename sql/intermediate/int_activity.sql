-- What one person did of one kind on one day, and in which account: persons whom the
-- events name with their account, and persons or accounts that the identity rules find.
-- What leads to no account is left out; the person is '' where only the account is known.
-- grain: account_id, contact_id, touchpoint, channel, mode, content_id, owner_id, day
-- materialise: view
-- columns:
--   account_id | text | key | account
--   contact_id | text | key | person, '' where unknown
--   touchpoint | text | - | the events' name
--   channel | text | - | channel, lower case, '' where none
--   mode | text | - | assisted or self_service, '' where none
--   content_id | text | key | content seen, '' where none
--   owner_id | text | key | the person of ours who took part, '' where none
--   day | date | day | day in the pipeline's time zone
--   first_at | timestamp | UTC | when the first of them happened
--   touches | integer | events | events
with

identified as (
    select
        account_id,
        contact_id,
        name as touchpoint,
        channel,
        mode,
        content_id,
        owner_id,
        day,
        first_at,
        touches
    from int_identity_activity_day
    where account_id <> '' and contact_id <> ''
    union all
    select
        int_found_identity.found_account_id as account_id,
        coalesce(int_found_identity.found_contact_id, '') as contact_id,
        int_identity_activity_day.name as touchpoint,
        int_identity_activity_day.channel,
        int_identity_activity_day.mode,
        int_identity_activity_day.content_id,
        int_identity_activity_day.owner_id,
        int_identity_activity_day.day,
        int_identity_activity_day.first_at,
        int_identity_activity_day.touches
    from int_identity_activity_day
    inner join int_found_identity
        on int_identity_activity_day.account_id = int_found_identity.account_id
        and int_identity_activity_day.contact_id = int_found_identity.contact_id
        and int_identity_activity_day.email = int_found_identity.email
    where (
            int_identity_activity_day.account_id = ''
            or int_identity_activity_day.contact_id = ''
        )
        and int_found_identity.found_account_id is not null
)

select
    account_id,
    contact_id,
    touchpoint,
    channel,
    mode,
    content_id,
    owner_id,
    day,
    min(first_at) as first_at,
    sum(touches) as touches
from identified
group by
    account_id,
    contact_id,
    touchpoint,
    channel,
    mode,
    content_id,
    owner_id,
    day
