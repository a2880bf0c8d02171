-- How often one person of one account touched us in one way on one day, by events that a
-- stage rule names. Identities that name account and person pass; the others are looked
-- up, and left out where nothing leads to an account.
-- grain: account_id, contact_id, touchpoint, channel, day
-- columns:
--   account_id | text | key | account
--   contact_id | text | key | person; '' where nobody is known
--   touchpoint | text | - | the events' name
--   channel | text | - | channel, lower case; '' where none is known
--   day | date | day | day in the pipeline's time zone
--   touches | integer | touches | events
with

found as (
    select
        account_id,
        contact_id,
        touchpoint,
        channel,
        day,
        touches
    from int_identity_touch_day
    where account_id <> '' and contact_id <> ''
    union all
    select
        int_found_identity.found_account_id as account_id,
        coalesce(int_found_identity.found_contact_id, '') as contact_id,
        int_identity_touch_day.touchpoint,
        int_identity_touch_day.channel,
        int_identity_touch_day.day,
        int_identity_touch_day.touches
    from int_identity_touch_day
    inner join int_found_identity
        on int_identity_touch_day.account_id = int_found_identity.account_id
        and int_identity_touch_day.contact_id = int_found_identity.contact_id
        and int_identity_touch_day.email = int_found_identity.email
    where (
            int_identity_touch_day.account_id = ''
            or int_identity_touch_day.contact_id = ''
        )
        and int_found_identity.found_account_id is not null
)

select
    account_id,
    contact_id,
    touchpoint,
    channel,
    day,
    sum(touches) as touches
from found
group by account_id, contact_id, touchpoint, channel, day
