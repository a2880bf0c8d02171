-- How an account used the product up to each cutoff. People are counted from one look at
-- their days: the bits of all windows they were active in, three places for each cutoff,
-- so up to 21 cutoffs at once. Age is 1 on the cutoff itself.
-- grain: cutoff, account_id
-- partition: cutoff
-- lookback: 90 days
with

placed as (
    select cutoff, 3 * (row_number() over (order by cutoff) - 1) as place
    from run_cutoff
),

ages as (
    select unnest(range(1, 91)) as age
),

looking as (
    select
        placed.cutoff,
        placed.cutoff + 1 - ages.age as day,
        ages.age,
        case when ages.age <= 7 then 7 when ages.age <= 30 then 6 else 4 end << placed.place
            as window_bits
    from placed
    cross join ages
),

total as (
    select
        -- grouping by one number is quicker than by two columns
        (used.account_id << 16) | arrow_cast(looking.cutoff, 'Int32') as account_at_cutoff,
        sum(used.events) filter (where looking.age <= 7) as events_7,
        sum(used.events) filter (where looking.age <= 30) as events_30,
        sum(used.events) as events_90,
        sum(used.events) filter (where looking.age between 31 and 60) as events_31_60,
        bit_or(used.feature_bits) filter (where looking.age <= 30) as bits_30,
        bit_or(used.feature_bits) as bits_90,
        sum(used.logins) filter (where looking.age <= 30) as logins_30,
        sum(used.seconds) filter (where looking.age <= 30) as seconds_30,
        count(*) filter (where looking.age <= 30) as days_30,
        min(looking.age) as days_since
    from looking
    inner join int_customer_day as used on looking.day = used.day
    group by account_at_cutoff
),

day_window as (
    select day, bit_or(window_bits) as windows
    from looking
    group by day
),

active as (
    select
        used.account_id,
        unnest(used.people) as contact_id,
        day_window.windows
    from day_window
    inner join int_customer_day as used on day_window.day = used.day
),

person as (
    -- a person belongs to one account
    select
        contact_id,
        min(account_id) as account_id,
        bit_or(windows) as windows
    from active
    group by contact_id
),

people as (
    select
        placed.cutoff,
        person.account_id,
        sum((person.windows >> placed.place) & 1) as contacts_7,
        sum((person.windows >> (placed.place + 1)) & 1) as contacts_30,
        sum((person.windows >> (placed.place + 2)) & 1) as contacts_90
    -- few rows first: a cross join gives one batch for each row of its left side
    from placed
    cross join person
    group by placed.cutoff, person.account_id
),

-- the bits that are set, added up in pairs, then in fours, then in bytes
pairs as (
    select
        *,
        arrow_cast(arrow_cast(account_at_cutoff & 65535, 'Int32'), 'Date32') as cutoff,
        account_at_cutoff >> 16 as account_id,
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
    bytes.cutoff,
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
    on bytes.cutoff = people.cutoff
    and bytes.account_id = people.account_id
