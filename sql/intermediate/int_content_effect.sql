-- What content is seen in which stage of a journey by which role, and what followed: of
-- the accounts' stays in the stage in which the role saw it early, the share that went on
-- to a later stage within the window, against the stays in which it did not. Stages and
-- roles that no content reaches have a row with the content `none`.
-- grain: content_id, journey, stage, role
-- columns:
--   content_id | text | key | content; none where no content reaches the stage and role
--   journey | text | key | journey
--   stage | text | - | the account's stage when it was seen
--   role | text | - | buying role of who saw it, all for anybody
--   is_missing | boolean | - | no content reaches this stage and role
--   touches | integer | touches | how often it was seen
--   accounts | integer | accounts | by how many accounts
--   contacts | integer | people | by how many known people
--   stays_seen | integer | stays | n: stays in the stage with an early view
--   moved_seen | integer | stays | of these, forward within the window
--   rate_seen | float | 0-1 | moved_seen / stays_seen; null when too few
--   rate_seen_low | float | 0-1 | low end of its 95 % interval
--   rate_seen_high | float | 0-1 | high end of its 95 % interval
--   stays_unseen | integer | stays | n: stays in the stage without
--   moved_unseen | integer | stays | of these, forward within the window
--   rate_unseen | float | 0-1 | moved_unseen / stays_unseen; null when too few
--   rate_unseen_low | float | 0-1 | low end of its 95 % interval
--   rate_unseen_high | float | 0-1 | high end of its 95 % interval
--   difference | float | -1-1 | rate_seen - rate_unseen; null when too few
--   difference_low | float | -1-1 | low end of its 95 % interval
--   difference_high | float | -1-1 | high end of its 95 % interval
--   is_too_few | boolean | - | either n is below the pipeline's minimum
with

seen as (
    select
        content_id,
        journey,
        stage,
        case when reach.is_all then 'all' else role end as role,
        count(*) as touches,
        count(distinct account_id) as accounts,
        count(distinct nullif(contact_id, '')) as contacts
    from (values (true), (false)) as reach (is_all)
    cross join int_content_touch
    group by content_id, journey, stage, case when reach.is_all then 'all' else role end
),

cell as (
    select content_id, journey, stage, role, touches, accounts, contacts from seen
    union all
    select
        'none' as content_id,
        wanted.journey,
        wanted.stage,
        wanted.role,
        cast(0 as bigint) as touches,
        cast(0 as bigint) as accounts,
        cast(0 as bigint) as contacts
    from int_content_need as wanted
    left anti join seen
        on wanted.journey = seen.journey
        and wanted.stage = seen.stage
        and wanted.role = seen.role
),

stage_total as (
    select
        journey,
        stage,
        count(*) as stays,
        count(*) filter (where moved) as moved
    from int_content_stay
    group by journey, stage
),

exposed as (
    select
        content_id,
        journey,
        stage,
        role,
        count(*) as stays,
        count(*) filter (where moved) as moved
    from int_content_exposure
    group by content_id, journey, stage, role
),

counted as (
    select
        cell.*,
        coalesce(exposed.stays, 0) as stays_seen,
        coalesce(exposed.moved, 0) as moved_seen,
        coalesce(stage_total.stays, 0) - coalesce(exposed.stays, 0) as stays_unseen,
        coalesce(stage_total.moved, 0) - coalesce(exposed.moved, 0) as moved_unseen
    from cell
    left join stage_total
        on cell.journey = stage_total.journey
        and cell.stage = stage_total.stage
    left join exposed
        on cell.content_id = exposed.content_id
        and cell.journey = exposed.journey
        and cell.stage = exposed.stage
        and cell.role = exposed.role
),

judged as (
    select
        counted.*,
        least(stays_seen, stays_unseen) >= greatest(cfg_pipeline.minimum_n, 1)
            as is_enough
    from cfg_pipeline
    cross join counted
),

rated as (
    select
        *,
        case when is_enough then cast(moved_seen as double) / stays_seen end as p,
        case when is_enough then wilson_low(moved_seen, stays_seen) end as p_low,
        case when is_enough then wilson_high(moved_seen, stays_seen) end as p_high,
        case when is_enough then cast(moved_unseen as double) / stays_unseen end as q,
        case when is_enough then wilson_low(moved_unseen, stays_unseen) end as q_low,
        case when is_enough then wilson_high(moved_unseen, stays_unseen) end as q_high
    from judged
)

select
    content_id,
    journey,
    stage,
    role,
    content_id = 'none' as is_missing,
    touches,
    accounts,
    contacts,
    stays_seen,
    moved_seen,
    p as rate_seen,
    p_low as rate_seen_low,
    p_high as rate_seen_high,
    stays_unseen,
    moved_unseen,
    q as rate_unseen,
    q_low as rate_unseen_low,
    q_high as rate_unseen_high,
    p - q as difference,
    -- Newcombe's interval, put together from those of the two rates
    p - q - sqrt(power(p - p_low, 2) + power(q_high - q, 2)) as difference_low,
    p - q + sqrt(power(p_high - p, 2) + power(q - q_low, 2)) as difference_high,
    not is_enough as is_too_few
from rated
