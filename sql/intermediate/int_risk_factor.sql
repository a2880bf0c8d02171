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
--   next_step | text | - | what to do, null where nothing is named
--   is_actionable | boolean | - | somebody can do something about it
select
    int_risk_feature.as_of,
    int_risk_feature.account_id,
    cfg_risk_factor.factor,
    cast(row_number() over (
        partition by int_risk_feature.as_of, int_risk_feature.account_id
        order by cfg_risk_factor.points desc, cfg_risk_factor.factor
    ) as bigint) as factor_rank,
    cfg_risk_factor.points,
    int_risk_feature.value,
    replace(
        replace(
            cfg_risk_factor.reason,
            '{value}',
            case
                when int_risk_feature.value = round(int_risk_feature.value)
                    then cast(cast(int_risk_feature.value as bigint) as text)
                else rtrim(rtrim(
                    cast(cast(int_risk_feature.value as decimal(18,2)) as text), '0'
                ), '.')
            end
        ),
        '{percent}',
        cast(cast(round(int_risk_feature.value * 100) as bigint) as text)
    ) as reason,
    nullif(trim(cfg_risk_factor.next_step), '') as next_step,
    coalesce(cfg_risk_factor.is_actionable, false) as is_actionable
from int_risk_feature
inner join cfg_risk_factor
    on int_risk_feature.feature = cfg_risk_factor.feature
    and int_risk_feature.value >= cfg_risk_factor.from_value
    and int_risk_feature.value < cfg_risk_factor.to_value
