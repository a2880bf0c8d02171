-- What one feature adds to the churn probability of one paying account at a cutoff, in
-- words. Associated with the risk, not the cause of it.
-- grain: as_of, account_id, feature
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   feature | text | - | feature of the model, or factor of the scorecard
--   reason_rank | integer | - | 1 = raises the probability most; ties by name
--   contribution | decimal(9,6) | 0-1 | added to the probability; negative lowers it
--   value | float | - | value of the feature, null where it is not known
--   typical | float | - | median in training, null for the scorecard
--   reason | text | - | why, in words
--   reason_en | text | - | the same in English
--   reason_ja | text | - | the same in Japanese
--   next_step | text | - | what to do about it, null where nothing is named
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   is_actionable | boolean | - | somebody can do something about it
with

piece as (
    select
        as_of,
        account_id,
        is_scorecard,
        unnest(features) as feature,
        unnest(array_slice(parts, 3, cast(array_length(parts) as bigint))) as contribution
    from int_churn_part
),

typical as (
    select distinct
        feature,
        typical
    from cfg_churn_reference
),

by_model as (
    select
        piece.as_of,
        piece.account_id,
        piece.feature,
        piece.contribution,
        int_risk_feature.value,
        typical.typical,
        cfg_churn_feature.is_actionable,
        cfg_churn_feature.label,
        cfg_churn_feature.label_en,
        cfg_churn_feature.label_ja,
        cfg_churn_feature.next_step,
        cfg_churn_feature.next_step_en,
        cfg_churn_feature.next_step_ja,
        case when int_risk_feature.value is null
            then cfg_churn.unknown else cfg_churn.known end as sentence,
        case when int_risk_feature.value is null
            then cfg_churn.unknown_en else cfg_churn.known_en end as sentence_en,
        case when int_risk_feature.value is null
            then cfg_churn.unknown_ja else cfg_churn.known_ja end as sentence_ja,
        case when int_risk_feature.value is null
            then '-' else in_words('{1}', int_risk_feature.value) end as value_text,
        case when typical.typical is null
            then '-' else in_words('{1}', typical.typical) end as typical_text
    from piece
    inner join cfg_churn_feature on piece.feature = cfg_churn_feature.feature
    cross join cfg_churn
    left join typical on piece.feature = typical.feature
    left join int_risk_feature
        on piece.as_of = int_risk_feature.as_of
        and piece.account_id = int_risk_feature.account_id
        and piece.feature = int_risk_feature.feature
    where not piece.is_scorecard
),

said as (
    select
        as_of,
        account_id,
        feature,
        contribution,
        value,
        typical,
        is_actionable,
        phrased(sentence, make_array(
            'label', label, 'value', value_text, 'typical', typical_text
        )) as reason,
        phrased(sentence_en, make_array(
            'label', label_en, 'value', value_text, 'typical', typical_text
        )) as reason_en,
        phrased(sentence_ja, make_array(
            'label', label_ja, 'value', value_text, 'typical', typical_text
        )) as reason_ja,
        nullif(trim(next_step), '') as next_step,
        nullif(trim(next_step_en), '') as next_step_en,
        nullif(trim(next_step_ja), '') as next_step_ja
    from by_model
    union all
    select
        piece.as_of,
        piece.account_id,
        piece.feature,
        piece.contribution,
        int_risk_factor.value,
        cast(null as double) as typical,
        int_risk_factor.is_actionable,
        int_risk_factor.reason,
        int_risk_factor.reason_en,
        int_risk_factor.reason_ja,
        int_risk_factor.next_step,
        int_risk_factor.next_step_en,
        int_risk_factor.next_step_ja
    from piece
    inner join int_risk_factor
        on piece.as_of = int_risk_factor.as_of
        and piece.account_id = int_risk_factor.account_id
        and piece.feature = int_risk_factor.factor
    where piece.is_scorecard
)

select
    as_of,
    account_id,
    feature,
    cast(row_number() over (
        partition by as_of, account_id
        order by contribution desc, feature
    ) as bigint) as reason_rank,
    contribution,
    value,
    typical,
    reason,
    reason_en,
    reason_ja,
    next_step,
    next_step_en,
    next_step_ja,
    is_actionable
from said
where contribution <> 0
