-- How often one touch of an account was followed by a second and that by a third, in the
-- accounts of a segment; third is -1 where there was none yet.
-- grain: segment, first, second, third
with

touch as (
    select
        account_id,
        touch as first,
        lead(touch) over following as second,
        lead(touch, 2, -1) over following as third,
        arrow_cast(lead(occurred_at) over following, 'Int64')
            - arrow_cast(occurred_at, 'Int64') as gap
    from int_touch
    window following as (partition by account_id order by occurred_at)
)

select
    stg_customer.segment,
    touch.first,
    touch.second,
    touch.third,
    count(*) as times,
    sum(touch.gap) as gap
from touch
inner join stg_customer on touch.account_id = stg_customer.account_id
where touch.second is not null
group by stg_customer.segment, touch.first, touch.second, touch.third
