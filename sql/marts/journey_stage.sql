-- A stay of one account in one stage of one journey; at the end of every day the account
-- is in exactly one. A stay is stuck when it goes on for longer than nine of ten stays in
-- this stage take in the account's segment. That length is a Kaplan-Meier quantile over
-- completed and open stays, because open ones are censored, not missing: of the completed
-- alone, a stage that hardly anybody leaves would be known by its hasty leavers. It is
-- null, and so is is_stuck, where too few stays are completed or fewer than nine of ten
-- ever end. Outside every rule nobody is stuck.
-- grain: journey, account_id, entered_on
-- columns:
--   journey | text | key | journey
--   account_id | text | key | account
--   account_name | text | - | its name; null when the account extract lacks it
--   segment | text | - | its segment today
--   stage | text | - | stage
--   stage_number | integer | - | its place in the journey; 0 outside every rule
--   entered_on | date | day | first day at whose end the account was in the stage
--   left_on | date | day | first day at whose end it was not; null while it is
--   days_in_stage | integer | days | from entered_on until left_on, or through as_of
--   returns | integer | times | how often the account had been in the stage before
--   is_entry_seen | boolean | - | false where it was there when first heard of
--   is_stuck | boolean | - | still there, for longer than usual; null where unknown
--   usual_days_p90 | integer | days | length within which nine of ten stays are over
--   usual_n | integer | stays | stays that it is estimated from, entry seen
--   usual_open_n | integer | stays | of these, not over yet: censored
--   touches | integer | touches | events that a stage rule names, within the stay
--   main_touchpoints | list<text> | - | the three most frequent, each with its number
with

stay as (
    select
        int_stage_stay.*,
        stg_account.account_name,
        stg_account.segment,
        coalesce(int_stage_stay.left_on, cast($as_of as date) + 1)
            - int_stage_stay.entered_on as days_in_stage,
        cast(row_number() over (
            partition by
                int_stage_stay.journey, int_stage_stay.account_id, int_stage_stay.stage
            order by int_stage_stay.entered_on
        ) as bigint) - 1 as returns
    from int_stage_stay
    inner join stg_account on int_stage_stay.account_id = stg_account.account_id
),

usual as (
    select
        journey,
        segment,
        stage,
        count(*) as n,
        count(*) filter (where left_on is null) as open_n,
        km_quantile(cast(days_in_stage as double), left_on is not null, 0.9) as days_p90
    from stay
    where is_entry_seen and stage_number > 0
    group by journey, segment, stage
),

judged as (
    select
        usual.journey,
        usual.segment,
        usual.stage,
        usual.n,
        usual.open_n,
        case
            when usual.n - usual.open_n >= cfg_pipeline.minimum_n
                then cast(usual.days_p90 as bigint)
        end as days_p90
    from cfg_pipeline
    cross join usual
)

select
    stay.journey,
    stay.account_id,
    stay.account_name,
    stay.segment,
    stay.stage,
    stay.stage_number,
    stay.entered_on,
    stay.left_on,
    stay.days_in_stage,
    stay.returns,
    stay.is_entry_seen,
    case
        when stay.left_on is not null or stay.stage_number = 0 then false
        else stay.days_in_stage > judged.days_p90
    end as is_stuck,
    judged.days_p90 as usual_days_p90,
    coalesce(judged.n, 0) as usual_n,
    coalesce(judged.open_n, 0) as usual_open_n,
    coalesce(int_stage_stay_touch.touches, 0) as touches,
    int_stage_stay_touch.main_touchpoints
from stay
left join judged
    on stay.journey = judged.journey
    and stay.segment = judged.segment
    and stay.stage = judged.stage
left join int_stage_stay_touch
    on stay.journey = int_stage_stay_touch.journey
    and stay.account_id = int_stage_stay_touch.account_id
    and stay.entered_on = int_stage_stay_touch.entered_on
