-- Groups whose importances do not sum to one, importances outside their interval by more
-- than a resample can be, or figures that a refused group should not have.
-- severity: error
-- checks: key_driver
with

summed as (
    select
        dimension,
        dimension_value,
        sum(cast(round(1000000000.0 * importance) as bigint)) as billionths,
        count(*) as drivers,
        count(importance) as weighed,
        count(*) filter (where state = 'value' and r_squared > 0) as told
    from key_driver
    group by dimension, dimension_value
)

select
    key_driver.dimension,
    key_driver.dimension_value,
    key_driver.driver,
    key_driver.state,
    key_driver.importance,
    key_driver.performance
from key_driver
inner join summed
    on key_driver.dimension = summed.dimension
    and key_driver.dimension_value = summed.dimension_value
where summed.weighed not in (0, summed.drivers)
    or summed.weighed <> summed.told
    or (summed.weighed > 0 and abs(summed.billionths - 1000000000) > 100)
    or key_driver.importance not between 0 and 1
    or key_driver.importance_low > key_driver.importance_high
    or (key_driver.state = 'value') <> (key_driver.reason is null)
    or key_driver.performance not between 0 and 1
    or key_driver.performance < key_driver.performance_low - 1e-9
    or key_driver.performance > key_driver.performance_high + 1e-9
