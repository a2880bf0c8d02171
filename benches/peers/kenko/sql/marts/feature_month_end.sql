-- The same as of each of the last twelve month-ends: what a model is trained on.
-- grain: month_end, account_id
-- columns:
--   month_end | date | day | last day of the month
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
--   days_since | integer | days | days since the last event, 1 if it was on the month-end
with

total as (
    select
        cutoff.month_end,
        used.account_id,
        sum(used.events) filter (where cutoff.age <= 7) as events_7,
        sum(used.events) filter (where cutoff.age <= 30) as events_30,
        sum(used.events) as events_90,
        sum(used.events) filter (where cutoff.age between 31 and 60) as events_31_60,
        bit_or(used.feature_bits) filter (where cutoff.age <= 30) as bits_30,
        bit_or(used.feature_bits) as bits_90,
        sum(used.logins) filter (where cutoff.age <= 30) as logins_30,
        sum(used.seconds) filter (where cutoff.age <= 30) as seconds_30,
        count(*) filter (where cutoff.age <= 30) as days_30,
        min(cutoff.age) as days_since
    from int_customer_day as used
    inner join int_cutoff_day as cutoff on used.day = cutoff.day
    group by cutoff.month_end, used.account_id
),

-- Which windows of which month-ends a day lies in, as bits: three for each month-end.
ends as (
    select
        month_end,
        3 * (row_number() over (order by month_end) - 1) as place
    from (select distinct month_end from int_cutoff_day) as listed
),

day_window as (
    select
        cutoff.day,
        bit_or(
            case
                when cutoff.age <= 7 then 7
                when cutoff.age <= 30 then 6
                else 4
            end << ends.place
        ) as windows
    from int_cutoff_day as cutoff
    inner join ends on cutoff.month_end = ends.month_end
    group by cutoff.day
),

person as (
    select
        used.account_id,
        used.contact_id,
        bit_or(day_window.windows) as windows
    from int_person_day as used
    inner join day_window on used.day = day_window.day
    group by used.account_id, used.contact_id
),

people as (
    select
        ends.month_end,
        person.account_id,
        sum((person.windows >> ends.place) & 1) as contacts_7,
        sum((person.windows >> (ends.place + 1)) & 1) as contacts_30,
        sum((person.windows >> (ends.place + 2)) & 1) as contacts_90
    from person
    cross join ends
    group by ends.month_end, person.account_id
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
    bytes.month_end,
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
inner join people
    on bytes.month_end = people.month_end
    and bytes.account_id = people.account_id
