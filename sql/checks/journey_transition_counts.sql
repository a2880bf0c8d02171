-- Transitions that are not the changes of journey_stage within the pipeline's history, in
-- total and by segment: no change is lost and none is counted twice.
-- severity: error
-- checks: journey_transition
with

step as (
    select
        journey,
        segment,
        stage as from_stage,
        left_on,
        lead(stage) over (
            partition by journey, account_id order by entered_on
        ) as to_stage
    from journey_stage
),

change as (
    select step.*
    from step
    inner join cfg_cutoff_day on step.left_on = cfg_cutoff_day.day
),

changes as (
    select
        journey, 'all' as dimension, 'all' as dimension_value, from_stage, to_stage,
        count(*) as changes
    from change
    group by journey, from_stage, to_stage
    union all
    select
        journey, 'segment' as dimension, segment as dimension_value, from_stage, to_stage,
        count(*) as changes
    from change
    group by journey, segment, from_stage, to_stage
)

select
    coalesce(changes.journey, journey_transition.journey) as journey,
    coalesce(changes.dimension, journey_transition.dimension) as dimension,
    coalesce(changes.dimension_value, journey_transition.dimension_value)
        as dimension_value,
    coalesce(changes.from_stage, journey_transition.from_stage) as from_stage,
    coalesce(changes.to_stage, journey_transition.to_stage) as to_stage,
    changes.changes,
    journey_transition.transitions
from changes
full outer join journey_transition
    on changes.journey = journey_transition.journey
    and changes.dimension = journey_transition.dimension
    and changes.dimension_value = journey_transition.dimension_value
    and changes.from_stage = journey_transition.from_stage
    and changes.to_stage = journey_transition.to_stage
where changes.changes is distinct from journey_transition.transitions
