-- One event with the identity it names, in the one form in which identities are counted
-- per day and looked up afterwards. Whose an address or a person is changes from night to
-- night, what an event says does not: so nothing is resolved here, and a day stays what
-- it was. The address is kept only where it can still tell something.
-- grain: event_id, day
-- partition: day
-- materialise: view
-- columns:
--   event_id | text | key | the event's key
--   occurred_at | timestamp | UTC | when it happened
--   day | date | day | the day it happened on, in the pipeline's time zone
--   account_id | text | key | account the event names, '' where none
--   contact_id | text | key | person the event names, '' where none
--   email | text | - | address; '' where none, or where account and person are named
--   name | text | - | what happened
--   channel | text | - | channel, lower case
--   mode | text | - | assisted or self_service
--   content_id | text | key | content seen
--   owner_id | text | key | the person of ours who took part
--   feature | text | - | feature used
--   duration_seconds | integer | seconds | how long
--   errors | integer | errors | errors met
--   product_id | text | key | product it was about
select
    event_id,
    occurred_at,
    day,
    coalesce(account_id, '') as account_id,
    coalesce(contact_id, '') as contact_id,
    case
        when account_id is null or contact_id is null then coalesce(email, '')
        else ''
    end as email,
    name,
    channel,
    mode,
    content_id,
    owner_id,
    feature,
    duration_seconds,
    errors,
    product_id
from stg_event
where day is not null
