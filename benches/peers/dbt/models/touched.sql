{{ config(materialized="table") }}
{%- set touches = ["page_view", "content_download", "demo_request", "quote_request", "purchase",
    "ad_click", "email_click", "pricing_view", "webinar_register", "webinar_attend",
    "invite_user"] -%}
with number as (
    select name, id::utinyint as id from (
        values {% for name in touches %}('{{ name }}', {{ loop.index0 }}){{ ", " if not loop.last }}
        {% endfor %}
    ) as listed(name, id)
),
touch as (
    select account_id, epoch_us(occurred_at) as us, id
    from {{ event() }} join number using (name)
    where name in ('{{ touches | join("', '") }}') and day <= {{ as_of() }}
),
chain as (
    select account_id, id as first,
        lead(id) over (partition by account_id order by us) as second,
        lead(id, 2) over (partition by account_id order by us) as third,
        lead(us) over (partition by account_id order by us) - us as gap
    from touch
),
counted as (
    select segment, first, second, third, count(*) as times, sum(gap)::bigint as gap
    from chain join {{ table_of("account") }} using (account_id)
    where second is not null
    group by segment, first, second, third
)
select segment, one.name as first, two.name as second, three.name as third, times, gap
from counted
join number as one on counted.first = one.id
join number as two on counted.second = two.id
left join number as three on counted.third = three.id
