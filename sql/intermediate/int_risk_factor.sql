-- One factor that moves the risk of a paying account at a cutoff, with its reason in
-- words. factor_rank puts what raises the risk most first.
-- grain: as_of, account_id, factor
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   factor | text | - | name of the factor
--   factor_rank | integer | - | 1 = most points, ties by name
--   points | decimal(9,4) | log-odds | added log-odds; negative protects
--   value | float | - | value of the feature behind it
--   reason | text | - | why, in words
--   reason_en | text | - | the same in English
--   reason_ja | text | - | the same in Japanese
--   next_step | text | - | what to do, null where nothing is named
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   is_actionable | boolean | - | somebody can do something about it
with

met as (
    select
        int_risk_feature.as_of,
        int_risk_feature.account_id,
        int_risk_feature.value,
        cfg_risk_factor.*,
        make_array(
            'value', in_words('{1}', int_risk_feature.value),
            'percent', in_words('{1%}', int_risk_feature.value)
        ) as evidence
    from int_risk_feature
    inner join cfg_risk_factor
        on int_risk_feature.feature = cfg_risk_factor.feature
        and int_risk_feature.value >= cfg_risk_factor.from_value
        and int_risk_feature.value < cfg_risk_factor.to_value
)

select
    as_of,
    account_id,
    factor,
    cast(row_number() over (
        partition by as_of, account_id
        order by points desc, factor
    ) as bigint) as factor_rank,
    points,
    value,
    phrased(reason, evidence) as reason,
    phrased(reason_en, evidence) as reason_en,
    phrased(reason_ja, evidence) as reason_ja,
    nullif(trim(next_step), '') as next_step,
    nullif(trim(next_step_en), '') as next_step_en,
    nullif(trim(next_step_ja), '') as next_step_ja,
    coalesce(is_actionable, false) as is_actionable
from met
