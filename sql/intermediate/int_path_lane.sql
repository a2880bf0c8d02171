-- The path of one pass of one account through one journey, as one role saw it: the stages
-- on whose days a person of that role did anything, in order, neighbours that repeat
-- collapsed. The role all is the whole account, whoever acted. Passes of which a day lies
-- in the pipeline's history count; of a long path the first stages are shown.
-- grain: journey, account_id, pass, role
-- columns:
--   journey | text | key | journey
--   account_id | text | key | account
--   pass | integer | - | number of the pass
--   role | text | - | role in the purchase today, unknown where none is known, or all
--   path | text | - | stages with > between them; … where it goes on
--   days | integer | days | length of the whole pass, through as_of where it goes on
--   is_open | boolean | - | the pass goes on
with

pass_stay as (
    select
        *,
        max(coalesce(left_on, cast($as_of as date) + 1)) over this_pass as over_on,
        min(entered_on) over this_pass as begun_on,
        bool_or(left_on is null) over this_pass as is_open
    from int_stage_pass
    window this_pass as (partition by journey, account_id, pass)
),

recent_stay as (
    select pass_stay.*
    from cfg_pipeline
    cross join pass_stay
    where pass_stay.over_on > cast($as_of as date) - cfg_pipeline.history_days + 1
),

role_month as (
    select
        int_contact_month.account_id,
        int_contact_month.month,
        -- `all` is the name of the whole account, so no role may bear it
        coalesce(nullif(stg_contact.buying_role, 'all'), 'unknown') as role,
        bit_or(int_contact_month.days) as days
    from int_contact_month
    inner join stg_contact on int_contact_month.contact_id = stg_contact.contact_id
    group by
        int_contact_month.account_id,
        int_contact_month.month,
        coalesce(nullif(stg_contact.buying_role, 'all'), 'unknown')
),

stay_month as (
    select
        *,
        unnest(
            -- not range: it ends a whole step before its end
            generate_series(
                cast(date_trunc('month', entered_on) as date),
                coalesce(left_on - 1, cast($as_of as date)),
                interval '1 month'
            )
        ) as month
    from recent_stay
),

-- the days of the stay that lie in the month, as bits: from one day on, before another
spanned as (
    select
        *,
        cast(1 as bigint) << greatest(0, entered_on - month) as first_bit,
        cast(1 as bigint) << least(
            31, coalesce(left_on, cast($as_of as date) + 1) - month
        ) as bit_after
    from stay_month
),

lane_stay as (
    select
        *,
        'all' as role
    from recent_stay
    union all
    select distinct
        spanned.journey,
        spanned.account_id,
        spanned.pass,
        spanned.stage,
        spanned.entered_on,
        spanned.left_on,
        spanned.over_on,
        spanned.begun_on,
        spanned.is_open,
        role_month.role
    from spanned
    inner join role_month
        on spanned.account_id = role_month.account_id
        and spanned.month = role_month.month
    where (spanned.bit_after - spanned.first_bit) & role_month.days <> 0
),

entry as (
    select *
    from lane_stay
    qualify stage is distinct from lag(stage) over (
        partition by journey, account_id, pass, role order by entered_on
    )
),

placed as (
    select
        *,
        row_number() over (
            partition by journey, account_id, pass, role order by entered_on
        ) as position
    from entry
)

select
    placed.journey,
    placed.account_id,
    placed.pass,
    placed.role,
    concat(
        array_to_string(
            array_agg(placed.stage order by placed.position)
                filter (where placed.position <= cfg_journey.path_stages),
            ' > '
        ),
        case when count(*) > min(cfg_journey.path_stages) then ' > …' else '' end
    ) as path,
    min(placed.over_on) - min(placed.begun_on) as days,
    bool_or(placed.is_open) as is_open
from placed
inner join cfg_journey on placed.journey = cfg_journey.journey
group by placed.journey, placed.account_id, placed.pass, placed.role
