-- What the answers of one account to the recommendation question weigh, by the influence
-- of who gave them. An account's role has its influence once, divided among its answers,
-- so that forty users do not drown one decider. The influence is that of the moment of
-- purchase which the stage asks about, else of the one the account is in today. Sums
-- only, so that every roll-up is a plain sum; answers given within the history.
-- grain: kind, stage, account_id
-- columns:
--   kind | text | - | relationship or transactional
--   stage | text | - | stage of the journey
--   account_id | text | key | listed account; '' where it is not known or not listed
--   answers | integer | answers | answers of roles that have an influence
--   deciders | integer | answers | of these, of roles that decide
--   weight | decimal(38,9) | - | sum of the weights
--   weight_good | decimal(38,9) | - | of promoters
--   weight_bad | decimal(38,9) | - | of detractors
--   weight_squares | decimal(38,18) | - | sum of the squares of the weights
with

answer as (
    select
        int_survey_answer.kind,
        int_survey_answer.stage,
        int_survey_answer.role,
        int_survey_answer.is_good,
        int_survey_answer.is_bad,
        coalesce(stg_account.account_id, '') as account_id,
        coalesce(cfg_voice_stage.purchase, int_account_moment.purchase) as purchase,
        coalesce(cfg_voice_stage.phase, int_account_moment.phase) as phase
    from int_survey_answer
    inner join cfg_cutoff_day
        on int_survey_answer.responded_on = cfg_cutoff_day.day
        and cfg_cutoff_day.as_of = $as_of
    left join stg_account on int_survey_answer.account_id = stg_account.account_id
    left join cfg_voice_stage on int_survey_answer.stage = cfg_voice_stage.stage
    left join int_account_moment
        on int_survey_answer.account_id = int_account_moment.account_id
    where int_survey_answer.metric = 'nps'
),

weighed as (
    select
        answer.kind,
        answer.stage,
        answer.account_id,
        answer.is_good,
        answer.is_bad,
        cfg_influence.influence >= cfg_voice.decides_from as decides,
        cast(
            cast(cfg_influence.influence as double)
            / count(*) over (
                partition by answer.kind, answer.stage, answer.account_id, answer.role
            ) as decimal(18,9)
        ) as weight
    from cfg_voice
    cross join answer
    inner join cfg_influence
        on answer.purchase = cfg_influence.purchase
        and answer.phase = cfg_influence.phase
        and answer.role = cfg_influence.role
)

select
    kind,
    stage,
    account_id,
    count(*) as answers,
    count(*) filter (where decides) as deciders,
    sum(cast(weight as decimal(38,9))) as weight,
    coalesce(sum(cast(weight as decimal(38,9))) filter (where is_good), 0) as weight_good,
    coalesce(sum(cast(weight as decimal(38,9))) filter (where is_bad), 0) as weight_bad,
    sum(cast(weight * weight as decimal(38,18))) as weight_squares
from weighed
group by kind, stage, account_id
