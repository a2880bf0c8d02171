-- How well one score ranked the accounts that were lost above those that stayed: the area
-- under the ROC curve, ties half. Its variance is that of DeLong for clustered data
-- (Obuchowski 1997): the month-ends of one account are one cluster, because they are no
-- independent trials. Everything is counted in whole numbers and divided at the end. The
-- interval is that of the logit, which stays within 0 and 1; none where either side is
-- empty, where there are fewer than two clusters, or where the ranking is perfect.
-- grain: score_name, cutoff
-- columns:
--   score_name | text | - | health_score or churn_probability
--   cutoff | text | - | a month-end, or all
--   losses | integer | cases | lost within the horizon
--   stayed | integer | cases | not lost
--   clusters | integer | accounts | different accounts
--   auc | float | 0-1 | area under the ROC curve
--   auc_low | float | 0-1 | lower end of the 95 % interval
--   auc_high | float | 0-1 | upper end
with

scored as (
    select
        int_backtest_score.score_name,
        scope.cutoff,
        int_backtest_score.account_id,
        int_backtest_score.danger,
        int_backtest_score.is_lost
    from int_backtest_score
    inner join (
        select distinct
            cutoff_on,
            cast(cutoff_on as text) as cutoff
        from int_backtest_score
        union all
        select distinct
            cutoff_on,
            'all' as cutoff
        from int_backtest_score
    ) as scope
        on int_backtest_score.cutoff_on = scope.cutoff_on
),

counted as (
    select
        score_name,
        cutoff,
        account_id,
        is_lost,
        sum(cast(is_lost as bigint)) over (partition by score_name, cutoff) as losses,
        sum(cast(not is_lost as bigint)) over (partition by score_name, cutoff) as stayed,
        sum(cast(is_lost as bigint)) over (
            partition by score_name, cutoff order by danger
        ) as losses_up_to,
        sum(cast(not is_lost as bigint)) over (
            partition by score_name, cutoff order by danger
        ) as stayed_up_to,
        sum(cast(is_lost as bigint)) over (partition by score_name, cutoff, danger)
            as losses_tied,
        sum(cast(not is_lost as bigint)) over (partition by score_name, cutoff, danger)
            as stayed_tied
    from scored
),

-- twice the number of rows of the other side that are ranked right against this row
placed as (
    select
        score_name,
        cutoff,
        account_id,
        losses,
        stayed,
        cast(is_lost as bigint) as is_lost,
        case when is_lost then 2 * stayed_up_to - stayed_tied else 0 end as right_lost,
        case when is_lost then 0 else 2 * (losses - losses_up_to) + losses_tied end
            as right_stayed
    from counted
),

account_part as (
    select
        score_name,
        cutoff,
        account_id,
        max(losses) as losses,
        max(stayed) as stayed,
        sum(is_lost) as lost_rows,
        sum(1 - is_lost) as stayed_rows,
        sum(right_lost) as right_lost,
        sum(right_stayed) as right_stayed
    from placed
    group by score_name, cutoff, account_id
),

total as (
    select
        score_name,
        cutoff,
        sum(right_lost) as right_pairs
    from account_part
    group by score_name, cutoff
),

-- what an account adds beyond its share, times 2 * losses * stayed
deviation as (
    select
        account_part.score_name,
        account_part.cutoff,
        account_part.losses,
        account_part.stayed,
        total.right_pairs,
        account_part.lost_rows > 0 as has_lost,
        account_part.stayed_rows > 0 as has_stayed,
        cast(
            account_part.right_lost * account_part.losses
            - account_part.lost_rows * total.right_pairs
            as decimal(19,0)
        ) as of_lost,
        cast(
            account_part.right_stayed * account_part.stayed
            - account_part.stayed_rows * total.right_pairs
            as decimal(19,0)
        ) as of_stayed
    from account_part
    inner join total
        on account_part.score_name = total.score_name
        and account_part.cutoff = total.cutoff
),

summed as (
    select
        score_name,
        cutoff,
        cast(max(losses) as double) as losses,
        cast(max(stayed) as double) as stayed,
        cast(max(right_pairs) as double) as right_pairs,
        count(*) as clusters,
        count(*) filter (where has_lost) as lost_clusters,
        count(*) filter (where has_stayed) as stayed_clusters,
        cast(sum(of_lost * of_lost) as double) as square_lost,
        cast(sum(of_stayed * of_stayed) as double) as square_stayed,
        cast(sum(of_lost * of_stayed) as double) as product
    from deviation
    group by score_name, cutoff
),

estimated as (
    select
        *,
        right_pairs / (2 * losses * stayed) as auc,
        case
            when lost_clusters > 1 and stayed_clusters > 1 then sqrt(greatest(
                lost_clusters / (lost_clusters - 1.0) * square_lost
                / (4 * power(losses, 4) * power(stayed, 2))
                + stayed_clusters / (stayed_clusters - 1.0) * square_stayed
                / (4 * power(stayed, 4) * power(losses, 2))
                + 2 * clusters / (clusters - 1.0) * product
                / (4 * power(losses, 3) * power(stayed, 3)),
                0
            ))
        end as error
    from summed
),

bounded as (
    select
        *,
        case
            when auc > 0 and auc < 1 and error > 0
                then exp(1.959963985 * error / (auc * (1 - auc)))
        end as factor,
        auc / (1 - auc) as odds
    from estimated
)

select
    score_name,
    cutoff,
    cast(losses as bigint) as losses,
    cast(stayed as bigint) as stayed,
    clusters,
    case when losses > 0 and stayed > 0 then round(auc, 6) end as auc,
    round(odds / factor / (1 + odds / factor), 6) as auc_low,
    round(odds * factor / (1 + odds * factor), 6) as auc_high
from bounded
