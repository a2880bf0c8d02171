-- How often the scores of one account ranked right, at one month-end or over all: for its
-- lost cases twice the number of kept ones that were ranked below (ties once), for its
-- kept cases twice the number of lost ones that were ranked above.
-- grain: score_name, cutoff, account_id
-- columns:
--   score_name | text | - | health_score or churn_probability
--   cutoff | text | - | a month-end, or all
--   account_id | text | key | account
--   losses | integer | cases | lost cases of all accounts
--   stayed | integer | cases | kept cases of all accounts
--   lost_rows | integer | cases | lost cases of this account
--   stayed_rows | integer | cases | kept cases of this account
--   right_lost | integer | pairs | twice the pairs ranked right, of its lost cases
--   right_stayed | integer | pairs | twice the pairs ranked right, of its kept cases
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
)

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
