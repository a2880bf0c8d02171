-- What one person did of one kind on one day, and in which account: persons whom the
-- events name with their account, and persons or accounts that the identity rules find.
-- What leads to no account is left out; the person is '' where only the account is known.
-- Someone whom events name in two ways has two rows; readers sum.
-- grain: identity, touchpoint, channel, mode, content_id, owner_id, day
-- materialise: view
-- columns:
--   identity | text | key | account, person and address as the events name them
--   account_id | text | key | account
--   contact_id | text | key | person, '' where unknown
--   touchpoint | text | - | the events' name
--   channel | text | - | channel, lower case, '' where none
--   mode | text | - | assisted or self_service, '' where none
--   content_id | text | key | content seen, '' where none
--   owner_id | text | key | the person of ours who took part, '' where none
--   day | date | day | day in the pipeline's time zone
--   first_at | timestamp | UTC | when the first of them happened
--   touches | integer | touches | events
select
    concat(account_id, '|', contact_id, '|', email) as identity,
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
    concat(done.account_id, '|', done.contact_id, '|', done.email) as identity,
    int_found_identity.found_account_id as account_id,
    coalesce(int_found_identity.found_contact_id, '') as contact_id,
    done.name as touchpoint,
    done.channel,
    done.mode,
    done.content_id,
    done.owner_id,
    done.day,
    done.first_at,
    done.touches
from int_found_identity
inner join int_identity_activity_day as done
    on int_found_identity.account_id = done.account_id
    and int_found_identity.contact_id = done.contact_id
    and int_found_identity.email = done.email
where (done.account_id = '' or done.contact_id = '')
    and int_found_identity.found_account_id is not null
