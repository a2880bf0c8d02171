-- What one account did on one day: the first answer of the job, kept day by day. The
-- number of features is that of the bits set in feature_bits, added up in pairs, then
-- in fours, then in bytes.
-- grain: day, account_id
-- partition: day
with

total as (
    select
        day,
        account_id,
        sum(events) as events,
        count(*) as contacts,
        sum(logins) as logins,
        sum(seconds) as seconds,
        bit_or(feature_bits) as feature_bits,
        sum(ch_web) as ch_web,
        sum(ch_product) as ch_product,
        sum(ch_email) as ch_email,
        sum(ch_ads) as ch_ads,
        sum(ch_event) as ch_event,
        sum(ch_partner) as ch_partner,
        sum(ch_api) as ch_api,
        sum(ch_mobile) as ch_mobile
    from int_person_day
    group by day, account_id
),

pairs as (
    select *, feature_bits - ((feature_bits >> 1) & 1431655765) as pairs
    from total
),

fours as (
    select *, (pairs & 858993459) + ((pairs >> 2) & 858993459) as fours
    from pairs
),

bytes as (
    select *, (fours + (fours >> 4)) & 252645135 as bytes
    from fours
)

select
    day,
    account_id,
    events,
    contacts,
    logins,
    seconds,
    feature_bits,
    ((bytes * 16843009) >> 24) & 255 as features,
    ch_web,
    ch_product,
    ch_email,
    ch_ads,
    ch_event,
    ch_partner,
    ch_api,
    ch_mobile
from bytes
