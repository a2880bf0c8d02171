-- How an account used the product in the 7, 30 and 90 days up to the as-of day.
-- grain: account_id
-- columns:
--   account_id | integer | key | account
--   events_7 | integer | events | events in 7 days
--   events_30 | integer | events | events in 30 days
--   events_90 | integer | events | events in 90 days
--   events_31_60 | integer | events | events in the 30 days before the last 30
--   contacts_7 | integer | people | active in 7 days
--   contacts_30 | integer | people | active in 30 days
--   contacts_90 | integer | people | active in 90 days
--   features_30 | integer | features | features used in 30 days
--   features_90 | integer | features | features used in 90 days
--   logins_30 | integer | events | logins in 30 days
--   seconds_30 | integer | seconds | time spent in 30 days
--   days_30 | integer | days | active days of 30
--   days_since | integer | days | days since the last event, 1 if it was on the as-of day
with

used as (
    select *, cast($as_of as date) + 1 - day as age
    from int_customer_day
    where day > cast($as_of as date) - 90 and day <= $as_of
),

total as (
    select
        account_id,
        sum(events) filter (where age <= 7) as events_7,
        sum(events) filter (where age <= 30) as events_30,
        sum(events) as events_90,
        sum(events) filter (where age between 31 and 60) as events_31_60,
        bit_or(feature_bits) filter (where age <= 30) as bits_30,
        bit_or(feature_bits) as bits_90,
        sum(logins) filter (where age <= 30) as logins_30,
        sum(seconds) filter (where age <= 30) as seconds_30,
        count(*) filter (where age <= 30) as days_30,
        min(age) as days_since
    from used
    group by account_id
),

person as (
    select
        account_id,
        contact_id,
        cast($as_of as date) + 1 - max(day) as age
    from int_person_day
    where day > cast($as_of as date) - 90 and day <= $as_of
    group by account_id, contact_id
),

people as (
    select
        account_id,
        count(*) filter (where age <= 7) as contacts_7,
        count(*) filter (where age <= 30) as contacts_30,
        count(*) as contacts_90
    from person
    group by account_id
),

-- the bits that are set, added up in pairs, then in fours, then in bytes
pairs as (
    select
        *,
        bits_30 - ((bits_30 >> 1) & 1431655765) as pairs_30,
        bits_90 - ((bits_90 >> 1) & 1431655765) as pairs_90
    from total
),

fours as (
    select
        *,
        (pairs_30 & 858993459) + ((pairs_30 >> 2) & 858993459) as fours_30,
        (pairs_90 & 858993459) + ((pairs_90 >> 2) & 858993459) as fours_90
    from pairs
),

bytes as (
    select
        *,
        (fours_30 + (fours_30 >> 4)) & 252645135 as bytes_30,
        (fours_90 + (fours_90 >> 4)) & 252645135 as bytes_90
    from fours
)

select
    bytes.account_id,
    coalesce(bytes.events_7, 0) as events_7,
    coalesce(bytes.events_30, 0) as events_30,
    bytes.events_90,
    coalesce(bytes.events_31_60, 0) as events_31_60,
    people.contacts_7,
    people.contacts_30,
    people.contacts_90,
    coalesce(((bytes.bytes_30 * 16843009) >> 24) & 255, 0) as features_30,
    ((bytes.bytes_90 * 16843009) >> 24) & 255 as features_90,
    coalesce(bytes.logins_30, 0) as logins_30,
    coalesce(bytes.seconds_30, 0) as seconds_30,
    bytes.days_30,
    bytes.days_since
from bytes
inner join people on bytes.account_id = people.account_id
