-- One part of a customer's health score, with what it adds to it: a measure, whatever its
-- state, or a rule. The weight of measures without a number is spread over the others as
-- the profile says. The contributions of an account sum to its score exactly; so do those
-- of its measures alone to the score without rules. Rules are rows of their own: `start`
-- and `limit` of a profile that counts points from neutral, `cap` while an emergency
-- holds the score down, `override` while a person's word counts instead.
-- grain: account_id, measure
-- columns:
--   account_id | text | key | the account
--   measure | text | - | name of the measure, or of the rule
--   kind | text | - | measure, start, limit, cap or override
--   label | text | - | name for people, in the pipeline's language
--   label_en | text | - | the same in English
--   label_ja | text | - | the same in Japanese
--   dimension_name | text | - | the side of the relationship it belongs to, or rules
--   dimension_value | float | 0-100 | the dimension; null where nothing of it is known
--   dimension_label_en | text | - | the dimension for people, in English
--   dimension_label_ja | text | - | the same in Japanese
--   profile | text | - | health profile that the weights come from
--   state | text | - | value, zero, missing, stale, not_applicable
--   raw_value | float | - | in the measure's own unit, null where there is none
--   normalised | float | 0-100 | raw value on the profile's curve; higher is better
--   weight | float | - | the profile's weight, share of the whole; null for rules
--   effective_weight | float | 0-1 | share of the score; null without a number
--   contribution | float | points | points of the score; null without a number
--   observed_on | date | day | how far the number reaches
--   reference | text | - | version of the reference compared on, if any
with

rule as (
    select
        account_id,
        profile,
        'start' as kind,
        'start' as measure,
        'Start' as label_en,
        '基準点' as label_ja,
        start_points as points,
        start_points as value
    from int_health_score
    where start_points <> 0
    union all
    select
        account_id,
        profile,
        'limit' as kind,
        'limit' as measure,
        'Limit of the scale' as label_en,
        '上下限による調整' as label_ja,
        limit_points as points,
        cast(start_points + part_points + limit_points as decimal(12,6)) as value
    from int_health_score
    where limit_points <> 0
    union all
    select
        int_health_score.account_id,
        int_health_score.profile,
        'cap' as kind,
        concat('cap:', int_health_score.cap) as measure,
        concat('Cap: ', int_health_cap.reason_en) as label_en,
        concat('上限：', int_health_cap.reason_ja) as label_ja,
        int_health_score.cap_points as points,
        int_health_score.score_computed as value
    from int_health_score
    inner join int_health_cap
        on int_health_score.account_id = int_health_cap.account_id
        and int_health_score.cap = int_health_cap.cap
    union all
    select
        account_id,
        profile,
        'override' as kind,
        'override' as measure,
        'Override' as label_en,
        '手動補正' as label_ja,
        override_points as points,
        score as value
    from int_health_score
    where override_points is not null
)

select
    int_health_part.account_id,
    int_health_part.measure,
    'measure' as kind,
    cfg_health_measure.label,
    cfg_health_measure.label_en,
    cfg_health_measure.label_ja,
    int_health_part.dimension_name,
    cast(int_health_part.dimension_value as double) as dimension_value,
    cfg_health_measure.dimension_label_en,
    cfg_health_measure.dimension_label_ja,
    int_health_input.profile,
    int_health_input.state,
    int_health_input.raw_value,
    cast(int_health_input.normalised as double) as normalised,
    cast(int_health_part.weight as double) as weight,
    int_health_part.effective_weight,
    cast(int_health_part.contribution as double) as contribution,
    int_health_input.observed_on,
    cfg_health_measure.reference
from int_health_part
inner join int_health_input
    on int_health_part.account_id = int_health_input.account_id
    and int_health_part.scenario = int_health_input.scenario
    and int_health_part.measure = int_health_input.measure
inner join cfg_health_measure
    on int_health_input.profile = cfg_health_measure.profile
    and int_health_part.measure = cfg_health_measure.measure
where int_health_part.scenario = 'now'
union all
select
    rule.account_id,
    rule.measure,
    rule.kind,
    case cfg_pipeline.language when 'ja' then rule.label_ja else rule.label_en end
        as label,
    rule.label_en,
    rule.label_ja,
    'rules' as dimension_name,
    cast(null as double) as dimension_value,
    'Rules' as dimension_label_en,
    'ルール' as dimension_label_ja,
    rule.profile,
    'value' as state,
    cast(rule.value as double) as raw_value,
    cast(null as double) as normalised,
    cast(null as double) as weight,
    cast(null as double) as effective_weight,
    cast(rule.points as double) as contribution,
    $as_of as observed_on,
    cast(null as text) as reference
from cfg_pipeline
cross join rule
