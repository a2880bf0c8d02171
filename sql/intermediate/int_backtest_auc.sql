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

total as (
    select
        score_name,
        cutoff,
        sum(right_lost) as right_pairs
    from int_backtest_rank
    group by score_name, cutoff
),

-- what an account adds beyond its share, times 2 * losses * stayed
deviation as (
    select
        int_backtest_rank.score_name,
        int_backtest_rank.cutoff,
        int_backtest_rank.losses,
        int_backtest_rank.stayed,
        total.right_pairs,
        int_backtest_rank.lost_rows > 0 as has_lost,
        int_backtest_rank.stayed_rows > 0 as has_stayed,
        cast(
            int_backtest_rank.right_lost * int_backtest_rank.losses
            - int_backtest_rank.lost_rows * total.right_pairs
            as decimal(19,0)
        ) as of_lost,
        cast(
            int_backtest_rank.right_stayed * int_backtest_rank.stayed
            - int_backtest_rank.stayed_rows * total.right_pairs
            as decimal(19,0)
        ) as of_stayed
    from int_backtest_rank
    inner join total
        on int_backtest_rank.score_name = total.score_name
        and int_backtest_rank.cutoff = total.cutoff
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
