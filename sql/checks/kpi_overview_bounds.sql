-- Figures of the overview outside of their scale or their interval, and a change that is
-- not the difference.
-- severity: error
-- checks: kpi_overview
select
    measure,
    currency
from kpi_overview
where coalesce(value < low or value > high, false)
    or (unit = 'points' and coalesce(abs(value) > 100, false))
    or (
        unit = 'share'
        and measure <> 'nrr'
        and coalesce(value not between 0 and 1, false)
    )
    or (unit = 'score' and coalesce(value not between 0 and 100, false))
    or coalesce(change <> value - value_before, false)
    or period_start > period_end
    or coalesce(before_end >= period_end, false)
    or (is_too_few and value is not null)
