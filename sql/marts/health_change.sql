-- Why a customer's score is not what it was at the last published run of an earlier day:
-- points by measure and cause. The rows of an account sum to score minus score_previous
-- exactly. Causes are told in the order in which they are put in place, each on top of
-- the one before: the profile with its weights and curves, on what was known then; what
-- is known now and was not, or was and is not; what is different; the rules. Only
-- customers with a score on both days; what did not move has no row.
-- grain: account_id, measure, cause
-- columns:
--   account_id | text | key | the account
--   measure | text | - | name of the measure, or of the rule
--   cause | text | - | profile, coverage, input, cap or override
--   points | decimal(12,6) | points | what it added to the score
--   label | text | - | name of the measure for people, in the pipeline's language
--   label_en | text | - | the same in English
--   label_ja | text | - | the same in Japanese
--   state_before | text | - | state then; null for rules and for what the profile had not
--   state | text | - | state now; null for rules and for what the profile has not
--   raw_value_before | float | - | value then, in the measure's own unit
--   raw_value | float | - | value now
--   compared_with | date | day | as-of day of the run compared with
with

compared as (
    select
        account_health.account_id,
        prior_account_health.as_of as compared_with
    from account_health
    inner join prior_account_health
        on account_health.account_id = prior_account_health.account_id
    where account_health.score is not null
        and prior_account_health.score is not null
),

before as (
    select
        account_id,
        measure,
        coalesce(kind, 'measure') as kind,
        label,
        coalesce(label_en, label) as label_en,
        coalesce(label_ja, label) as label_ja,
        state,
        raw_value,
        cast(coalesce(contribution, 0) as decimal(12,6)) as points
    from prior_health_measure
),

-- what each step adds to the one before; the first one to what was published
moved as (
    select
        account_id,
        measure,
        kind,
        case scenario
            when 'profile' then 'profile'
            when 'presence' then 'coverage'
            else 'input'
        end as cause,
        points
    from int_health_step
    union all
    select
        account_id,
        measure,
        kind,
        case scenario when 'profile' then 'coverage' else 'input' end as cause,
        -points as points
    from int_health_step
    where scenario <> 'now'
    union all
    select
        account_id,
        measure,
        kind,
        case kind when 'cap' then 'cap' when 'override' then 'override' else 'profile' end
            as cause,
        -points as points
    from before
    union all
    select
        account_id,
        measure,
        kind,
        kind as cause,
        cast(contribution as decimal(12,6)) as points
    from health_measure
    where kind in ('cap', 'override')
),

summed as (
    select
        account_id,
        measure,
        cause,
        cast(sum(cast(points as decimal(38,6))) as decimal(12,6)) as points
    from moved
    group by account_id, measure, cause
)

select
    summed.account_id,
    summed.measure,
    summed.cause,
    summed.points,
    coalesce(health_measure.label, before.label) as label,
    coalesce(health_measure.label_en, before.label_en) as label_en,
    coalesce(health_measure.label_ja, before.label_ja) as label_ja,
    case when before.kind = 'measure' then before.state end as state_before,
    case when health_measure.kind = 'measure' then health_measure.state end as state,
    before.raw_value as raw_value_before,
    health_measure.raw_value,
    compared.compared_with
from summed
inner join compared on summed.account_id = compared.account_id
left join health_measure
    on summed.account_id = health_measure.account_id
    and summed.measure = health_measure.measure
left join before
    on summed.account_id = before.account_id
    and summed.measure = before.measure
where summed.points <> 0
