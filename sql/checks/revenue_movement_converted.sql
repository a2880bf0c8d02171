-- Movements in the pipeline's currency that do not lead from opening to closing, that
-- are given without a rate or left out although there is one, or that differ from the
-- original where the currency is the pipeline's own.
-- severity: error
-- checks: revenue_movement
select
    revenue_movement.account_id,
    revenue_movement.month,
    revenue_movement.currency,
    revenue_movement.rate,
    revenue_movement.opening_converted,
    revenue_movement.closing_converted
from cfg_pipeline
cross join revenue_movement
where revenue_movement.opening_converted + revenue_movement.new_converted
    + revenue_movement.expansion_converted + revenue_movement.reactivation_converted
    - revenue_movement.contraction_converted - revenue_movement.churn_converted
    <> revenue_movement.closing_converted
    or (revenue_movement.rate is null) <> (revenue_movement.closing_converted is null)
    or (revenue_movement.rate is null) <> (revenue_movement.churn_converted is null)
    or (
        revenue_movement.currency = cfg_pipeline.currency
        and (
            coalesce(revenue_movement.opening_converted <> revenue_movement.opening, true)
            or coalesce(
                revenue_movement.closing_converted <> revenue_movement.closing, true
            )
        )
    )
