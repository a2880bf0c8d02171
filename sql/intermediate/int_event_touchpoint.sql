-- One event that some funnel names, and whose it is. Events that name account and person
-- pass; the others are looked up, and left out where nothing leads to an account.
-- grain: touchpoint_id, day
-- materialise: view
-- columns:
--   touchpoint_id | text | key | the event's key
--   account_id | text | key | account
--   contact_id | text | key | person, where known
--   occurred_at | timestamp | UTC | when it happened
--   day | date | day | the day of that, in the pipeline's time zone
--   touchpoint | text | - | the event's name
--   channel | text | - | channel, lower case, where known
--   mode | text | - | assisted or self_service, where known
--   product_id | text | key | product it was about, where known
select
    touchpoint_id,
    account_id,
    contact_id,
    occurred_at,
    day,
    touchpoint,
    channel,
    mode,
    product_id
from int_identity_touchpoint
where account_id <> '' and contact_id <> ''
union all
select
    int_identity_touchpoint.touchpoint_id,
    int_found_identity.found_account_id as account_id,
    int_found_identity.found_contact_id as contact_id,
    int_identity_touchpoint.occurred_at,
    int_identity_touchpoint.day,
    int_identity_touchpoint.touchpoint,
    int_identity_touchpoint.channel,
    int_identity_touchpoint.mode,
    int_identity_touchpoint.product_id
from int_found_identity
inner join int_identity_touchpoint
    on int_found_identity.account_id = int_identity_touchpoint.account_id
    and int_found_identity.contact_id = int_identity_touchpoint.contact_id
    and int_found_identity.email = int_identity_touchpoint.email
where (int_identity_touchpoint.account_id = '' or int_identity_touchpoint.contact_id = '')
    and int_found_identity.found_account_id is not null
