{{ config(materialized="table") }}
select
    account_id,
    day,
    count(*) as events,
    list_unique(list(contact_id)) as contacts,
    bit_or({{ feature_bit() }}) as bits,
    sum(seconds)::bigint as seconds,
    count(*) filter (where name = 'login') as logins
    {% for channel in ["web", "product", "email", "ads", "event", "partner", "api", "mobile"] %}
    , count(*) filter (where channel = '{{ channel }}') as ch_{{ channel }}
    {% endfor %}
from {{ event() }}
where day <= {{ as_of() }}
group by account_id, day
