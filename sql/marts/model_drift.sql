-- How far one feature of the churn model, or its own probability, has moved since
-- training: the population stability index over bins of training. With few accounts the
-- index is large by chance, so the limit is the pipeline's or the 95 % critical value
-- under no change, whichever is higher. Empty while no trained model is in charge.
-- grain: feature
-- columns:
--   feature | text | key | feature of the model, or churn_probability
--   stability_index | float | - | 0 = as in training
--   limit_index | float | - | from here on it has moved
--   has_moved | boolean | - | the index is above the limit
--   accounts | integer | - | paying accounts today
--   accounts_in_training | integer | - | accounts that were looked at in training
--   unknown_share | float | 0-1 | share of today's accounts of which it is not known
--   unknown_share_in_training | float | 0-1 | the same in training
--   typical | float | - | median of the known values today
--   typical_in_training | float | - | the same in training
with

present as (
    select
        unnest(features) as feature,
        unnest(feature_values) as value
    from int_churn_row
    where as_of = $as_of
    union all
    select
        'churn_probability' as feature,
        cast(parts[1] as double) as value
    from int_churn_part
    where as_of = $as_of and not is_scorecard
),

total as (
    select
        feature,
        count(*) as accounts,
        count(value) as known,
        median(value) as typical
    from present
    group by feature
),

counted as (
    select
        cfg_churn_reference.feature,
        cfg_churn_reference.bin,
        count(*) as accounts
    from cfg_churn_reference
    inner join present
        on cfg_churn_reference.feature = present.feature
        and cfg_churn_reference.is_missing = (present.value is null)
        and (present.value is null
            or cfg_churn_reference.from_value is null
            or present.value >= cfg_churn_reference.from_value)
        and (present.value is null
            or cfg_churn_reference.to_value is null
            or present.value < cfg_churn_reference.to_value)
    group by
        cfg_churn_reference.feature,
        cfg_churn_reference.bin
),

-- a bin that is empty on one side counts as one in ten thousand
share as (
    select
        cfg_churn_reference.feature,
        cfg_churn_reference.typical,
        cfg_churn_reference.accounts as accounts_in_training,
        cfg_churn_reference.chi_square,
        case when cfg_churn_reference.is_missing
            then cfg_churn_reference.share end as unknown_share,
        greatest(cfg_churn_reference.share, 0.0001) as before,
        greatest(
            cast(coalesce(counted.accounts, 0) as double) / total.accounts, 0.0001
        ) as after
    from cfg_churn_reference
    inner join total on cfg_churn_reference.feature = total.feature
    left join counted
        on cfg_churn_reference.feature = counted.feature
        and cfg_churn_reference.bin = counted.bin
),

-- terms are summed as decimals: floats would sum to other last digits each night
indexed as (
    select
        feature,
        max(typical) as typical,
        max(accounts_in_training) as accounts_in_training,
        max(chi_square) as chi_square,
        max(unknown_share) as unknown_share,
        cast(sum(cast((after - before) * ln(after / before) as decimal(18,9))) as double)
            as stability_index
    from share
    group by feature
),

judged as (
    select
        indexed.*,
        total.accounts,
        total.known,
        total.typical as typical_now,
        greatest(
            cfg_churn.drift_limit,
            indexed.chi_square
                * (1.0 / total.accounts + 1.0 / indexed.accounts_in_training)
        ) as limit_index
    from cfg_churn
    cross join indexed
    inner join total on indexed.feature = total.feature
)

select
    feature,
    stability_index,
    limit_index,
    stability_index > limit_index as has_moved,
    accounts,
    accounts_in_training,
    cast(accounts - known as double) / accounts as unknown_share,
    unknown_share as unknown_share_in_training,
    typical_now as typical,
    typical as typical_in_training
from judged
