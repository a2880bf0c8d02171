-- How often an account used one feature on one day, by events that name the account and
-- by events whose account the contact table finds.
-- grain: account_id, feature, day
-- materialise: view
-- columns:
--   account_id | text | key | account
--   feature | text | - | feature used
--   day | date | day | day in the pipeline's time zone
--   events | integer | events | events
with

feature_use as (
    select
        account_id,
        feature,
        day,
        events
    from int_identity_feature_day
    where account_id <> ''
    union all
    select
        int_found_identity.found_account_id as account_id,
        int_identity_feature_day.feature,
        int_identity_feature_day.day,
        int_identity_feature_day.events
    from int_identity_feature_day
    inner join int_found_identity
        on int_identity_feature_day.account_id = int_found_identity.account_id
        and int_identity_feature_day.contact_id = int_found_identity.contact_id
        and int_identity_feature_day.email = int_found_identity.email
    where int_identity_feature_day.account_id = ''
        and int_found_identity.found_account_id is not null
)

select
    account_id,
    feature,
    day,
    sum(events) as events
from feature_use
group by account_id, feature, day
