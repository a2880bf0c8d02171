-- What one person's activity counts: points of the kind of activity, halved with every
-- half-life of its age, over the pipeline's window. Of one kind at most so many a day
-- count as the pipeline says. Influence of the role is not in it yet.
-- grain: account_id, contact_id
-- columns:
--   account_id | text | key | account
--   contact_id | text | key | person
--   activities | integer | activities | activities in the window, uncapped
--   points | decimal(38,6) | points | what they count
with

day_kind as (
    select
        int_activity.account_id,
        int_activity.contact_id,
        int_activity.touchpoint,
        int_activity.day,
        sum(int_activity.touches) as touches
    from int_activity
    where int_activity.contact_id <> ''
        and int_activity.day <= $as_of
        -- the window is at most a year, which says which files not to open
        and int_activity.day > $as_of - 366
        and int_activity.day > $as_of - (select window_days from cfg_buying_group)
    group by
        int_activity.account_id,
        int_activity.contact_id,
        int_activity.touchpoint,
        int_activity.day
),

-- a decimal from here on: sums of floats would depend on their order
weighted as (
    select
        day_kind.account_id,
        day_kind.contact_id,
        day_kind.touches,
        cast(
            least(day_kind.touches, cfg_buying_group.daily_cap)
            * cast(cfg_engagement_weight.weight as double)
            * power(
                0.5,
                cast($as_of - day_kind.day as double) / cfg_buying_group.half_life_days
            )
            as decimal(18,6)
        ) as points
    from cfg_buying_group
    cross join day_kind
    inner join cfg_engagement_weight
        on day_kind.touchpoint = cfg_engagement_weight.touchpoint
)

select
    account_id,
    contact_id,
    cast(sum(touches) as bigint) as activities,
    cast(sum(points) as decimal(38,6)) as points
from weighted
group by account_id, contact_id
