-- Breakdowns of deliveries that do not sum to all of them, counts that cannot be, figures
-- outside their interval, and flags that the figures deny.
-- severity: error
-- checks: fulfilment_gap
with

summed as (
    select
        dimension,
        sum(deliveries) as deliveries
    from fulfilment_gap
    group by dimension
),

expected as (
    select count(*) as deliveries
    from int_delivery_outcome
)

select
    summed.dimension,
    cast(null as text) as dimension_value,
    summed.deliveries,
    expected.deliveries as expected
from summed
cross join expected
where summed.deliveries <> expected.deliveries
union all
select
    dimension,
    dimension_value,
    deliveries,
    answered as expected
from fulfilment_gap
where reported > deliveries
    or dated > deliveries
    or answered > deliveries
    or answered_on_time > answered
    or reported_rate not between 0 and 1
    or promise_rate not between 0 and 1
    or perfect_rate not between 0 and 1
    or on_time_rate < on_time_rate_low - 1e-9
    or on_time_rate > on_time_rate_high + 1e-9
    or voice_gap < voice_gap_low - 1e-9
    or voice_gap > voice_gap_high + 1e-9
    or flag not in (
        'beautified', 'voice_contradicts', 'dates_contradict', 'too_few', 'none'
    )
    or (
        flag in ('beautified', 'voice_contradicts')
        and coalesce(voice_gap_high >= 0, true)
    )
    or (flag in ('beautified', 'dates_contradict') and contradicted = 0)
