-- What one person did on one day. Bit n of feature_bits is the use of feature n.
-- grain: day, account_id, contact_id
-- partition: day
with

marked as (
    select
        *,
        case
            when name like 'feature%' then 1 << cast(substr(name, 9, 2) as bigint)
            else 0
        end as feature_bit
    from stg_use
)

select
    day,
    account_id,
    contact_id,
    count(*) as events,
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
group by day, account_id, contact_id
