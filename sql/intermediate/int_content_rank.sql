-- One content in the order in which it is proposed to people of one role in one stage of
-- a journey: 1 is the first choice. What accounts moved on after comes first, the surest
-- before (low end of the interval above zero), then what most accounts look at, if these
-- are not too few. The role's own figure counts before that of everybody. The order is
-- the same for all people of the role; what each of them knows already is left out later.
-- grain: journey, stage, role, content_id
-- columns:
--   journey | text | key | journey
--   stage | text | - | stage in it
--   role | text | - | role in the purchase of the person to approach
--   content_id | text | key | content to show
--   place | integer | - | 1 = first, without gaps
--   evidence_role | text | - | whose figure it is: the role's own, or all
--   is_moved | boolean | - | accounts moved on more often after it
--   difference | float | -1-1 | share that moved on, seen less unseen
--   difference_low | float | -1-1 | low end of its 95 % interval
--   difference_high | float | -1-1 | high end of its 95 % interval
--   stays_seen | integer | stays | stays in the stage with an early view
--   accounts | integer | accounts | by how many accounts it was seen
with

approached as (
    select distinct role from cfg_influence where influence > 0
),

evidence as (
    select
        int_content_effect.journey,
        int_content_effect.stage,
        approached.role,
        int_content_effect.content_id,
        int_content_effect.role as evidence_role,
        coalesce(int_content_effect.difference_low > 0, false) as is_moved,
        int_content_effect.difference,
        int_content_effect.difference_low,
        int_content_effect.difference_high,
        int_content_effect.stays_seen,
        int_content_effect.accounts
    from cfg_pipeline
    cross join approached
    cross join int_content_effect
    where int_content_effect.role in (approached.role, 'all')
        and not int_content_effect.is_missing
        and (
            int_content_effect.difference_low > 0
            or int_content_effect.accounts >= greatest(cfg_pipeline.minimum_n, 1)
        )
),

-- of the role's own figure and that of everybody the one that speaks more clearly
told as (
    select *
    from evidence
    qualify row_number() over (
        partition by journey, stage, role, content_id
        order by is_moved desc, evidence_role = 'all'
    ) = 1
)

select
    journey,
    stage,
    role,
    content_id,
    row_number() over (
        partition by journey, stage, role
        order by
            is_moved desc,
            evidence_role = 'all',
            case when is_moved then difference_low end desc nulls last,
            accounts desc,
            content_id
    ) as place,
    evidence_role,
    is_moved,
    difference,
    difference_low,
    difference_high,
    stays_seen,
    accounts
from told
