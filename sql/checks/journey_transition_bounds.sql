-- Transitions whose parts do not fit each other: a stage followed by itself, more
-- accounts than changes, counts that do not sum to n, a probability outside its interval
-- or given where there are too few, or a time below a day.
-- severity: error
-- checks: journey_transition
with

summed as (
    select
        *,
        sum(transitions) over (
            partition by journey, dimension, dimension_value, from_stage
        ) as transitions_of_stage
    from journey_transition
)

select
    journey,
    dimension,
    dimension_value,
    from_stage,
    to_stage,
    transitions,
    n,
    probability
from summed
where from_stage = to_stage
    or transitions < 1
    or accounts < 1
    or accounts > transitions
    or n <> transitions_of_stage
    or is_too_few <> (probability is null)
    or probability <= 0
    or probability > 1
    or probability_low > probability + 1e-12
    or probability_high < probability - 1e-12
    or days_p50 < 1
