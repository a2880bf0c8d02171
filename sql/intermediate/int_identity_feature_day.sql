-- How often one identity, as the events name it, used one feature on one day. Where the
-- account is named, persons and addresses are summed: only the account is looked for.
-- grain: account_id, contact_id, email, feature, day
-- partition: day
-- columns:
--   account_id | text | key | account the events name, '' where none
--   contact_id | text | key | person the events name, '' where none or account named
--   email | text | - | address, '' where none or account named
--   feature | text | - | feature used
--   day | date | day | day in the pipeline's time zone
--   events | integer | events | events
with

feature_use as (
    select
        account_id,
        case when account_id = '' then contact_id else '' end as contact_id,
        case when account_id = '' then email else '' end as email,
        feature,
        day
    from int_identity_event
    where feature is not null
)

select
    account_id,
    contact_id,
    email,
    feature,
    day,
    count(*) as events
from feature_use
group by account_id, contact_id, email, feature, day
