-- What one account did on one day, and who: the first answer of the job, kept day by day.
-- Grouped by one number, because that is quicker than by two columns. Bit n of
-- feature_bits is the use of feature n; how many are set is added up in pairs, then in
-- fours, then in bytes.
-- grain: day, account_id
-- partition: day
with

marked as (
    select
        *,
        (account_id << 16) | arrow_cast(day, 'Int32') as account_on_day,
        case name
            when 'feature_01' then 2
            when 'feature_02' then 4
            when 'feature_03' then 8
            when 'feature_04' then 16
            when 'feature_05' then 32
            when 'feature_06' then 64
            when 'feature_07' then 128
            when 'feature_08' then 256
            when 'feature_09' then 512
            when 'feature_10' then 1024
            when 'feature_11' then 2048
            when 'feature_12' then 4096
            when 'feature_13' then 8192
            when 'feature_14' then 16384
            when 'feature_15' then 32768
            when 'feature_16' then 65536
            when 'feature_17' then 131072
            when 'feature_18' then 262144
            when 'feature_19' then 524288
            when 'feature_20' then 1048576
            when 'feature_21' then 2097152
            when 'feature_22' then 4194304
            when 'feature_23' then 8388608
            when 'feature_24' then 16777216
            else 0
        end as feature_bit
    from stg_use
),

use as (
    select
        account_on_day,
        count(*) as events,
        array_agg(contact_id) as contact_ids,
        count(*) filter (where name = 'login') as logins,
        sum(seconds) as seconds,
        bit_or(feature_bit) as feature_bits,
        count(*) filter (where channel = 'web') as ch_web,
        count(*) filter (where channel = 'product') as ch_product,
        count(*) filter (where channel = 'email') as ch_email,
        count(*) filter (where channel = 'ads') as ch_ads,
        count(*) filter (where channel = 'event') as ch_event,
        count(*) filter (where channel = 'partner') as ch_partner,
        count(*) filter (where channel = 'api') as ch_api,
        count(*) filter (where channel = 'mobile') as ch_mobile
    from marked
    group by account_on_day
),

pairs as (
    select
        *,
        list_set(contact_ids) as people,
        feature_bits - ((feature_bits >> 1) & 1431655765) as pairs
    from use
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
    arrow_cast(arrow_cast(account_on_day & 65535, 'Int32'), 'Date32') as day,
    account_on_day >> 16 as account_id,
    events,
    people,
    array_length(people) as contacts,
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
