{{ config(materialized="table") }}
with ends as (
    select * from (
        values {% for cutoff in cutoffs() %}({{ cutoff }}, {{ 3 * loop.index0 }}){{ ", " if not loop.last }}
        {% endfor %}
    ) as listed(cutoff, place)
),
looking_back as (
    select cutoff, place, cutoff - (age::int - 1) as day, age
    from ends, (select unnest(range(1, 91)) as age)
),
total as (
    select cutoff, account_id,
        coalesce(sum(events) filter (where age <= 7), 0)::bigint as events_7,
        coalesce(sum(events) filter (where age <= 30), 0)::bigint as events_30,
        sum(events)::bigint as events_90,
        coalesce(sum(events) filter (where age between 31 and 60), 0)::bigint as events_31_60,
        coalesce(bit_count(bit_or(bits) filter (where age <= 30)), 0) as features_30,
        bit_count(bit_or(bits)) as features_90,
        coalesce(sum(logins) filter (where age <= 30), 0)::bigint as logins_30,
        coalesce(sum(seconds) filter (where age <= 30), 0)::bigint as seconds_30,
        count(*) filter (where age <= 30) as days_30,
        min(age) as days_since
    from {{ ref("account_days") }} join looking_back using (day)
    group by cutoff, account_id
),
day_window as (
    select day,
        bit_or((case when age <= 7 then 7 when age <= 30 then 6 else 4 end)::bigint << place)
            as windows
    from looking_back group by day
),
person as (
    select account_id, contact_id, bit_or(windows) as windows
    from {{ event() }} join day_window using (day)
    group by account_id, contact_id
),
people as (
    select cutoff, account_id,
        sum((windows >> place) & 1)::bigint as contacts_7,
        sum((windows >> (place + 1)) & 1)::bigint as contacts_30,
        sum((windows >> (place + 2)) & 1)::bigint as contacts_90
    from person, ends
    group by cutoff, account_id
)
select * from total join people using (cutoff, account_id)
