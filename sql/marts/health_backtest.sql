-- How health and risk, as they were at past month-ends with nothing later visible, ranked
-- and warned of the accounts that were lost within the horizon: over all month-ends whose
-- horizon is over, and for each. Without a backtest there is no row.
-- grain: score_name, cutoff
-- columns:
--   score_name | text | key | health_score or churn_probability
--   cutoff | text | key | a month-end, or all of them
--   horizon_days | integer | days | lost means: all recurring revenue gone within them
--   cases | integer | cases | accounts at month-ends that had this score
--   unscored | integer | cases | paying accounts at month-ends that had none
--   losses | integer | cases | accounts at month-ends, lost within the horizon
--   clusters | integer | accounts | different accounts
--   auc | float | 0-1 | chance that a lost account was ranked above one that stayed
--   auc_low | float | 0-1 | lower end of its 95 % interval, clustered by account
--   auc_high | float | 0-1 | upper end
--   alarms | integer | cases | cases with an alarm: health red, risk high
--   alarmed_losses | integer | cases | of these, lost
--   false_alarms | integer | cases | of these, not lost
--   false_alarm_share | float | 0-1 | false alarms of all alarms
--   caught_share | float | 0-1 | losses with an alarm, of all losses
--   cleared | integer | cases | cases with all clear: health green, risk low
--   cleared_losses | integer | cases | of these, lost all the same
with

scored as (
    select
        int_backtest_score.*,
        cast(cutoff_on as text) as cutoff
    from int_backtest_score
    union all
    select
        int_backtest_score.*,
        'all' as cutoff
    from int_backtest_score
),

asked as (
    select
        cast(cutoff_on as text) as cutoff,
        count(*) as accounts
    from int_backtest_case
    group by cast(cutoff_on as text)
    union all
    select
        'all' as cutoff,
        count(*) as accounts
    from int_backtest_case
),

counted as (
    select
        score_name,
        cutoff,
        count(*) as total,
        count(*) filter (where is_lost) as losses,
        count(*) filter (where is_alarm) as alarms,
        count(*) filter (where is_alarm and is_lost) as alarmed_losses,
        count(*) filter (where is_clear) as cleared,
        count(*) filter (where is_clear and is_lost) as cleared_losses
    from scored
    group by score_name, cutoff
)

select
    counted.score_name,
    counted.cutoff,
    cfg_risk.horizon_days,
    counted.total as cases,
    asked.accounts - counted.total as unscored,
    counted.losses,
    int_backtest_auc.clusters,
    int_backtest_auc.auc,
    int_backtest_auc.auc_low,
    int_backtest_auc.auc_high,
    counted.alarms,
    counted.alarmed_losses,
    counted.alarms - counted.alarmed_losses as false_alarms,
    case
        when counted.alarms > 0
            then cast(counted.alarms - counted.alarmed_losses as double) / counted.alarms
    end as false_alarm_share,
    case
        when counted.losses > 0
            then cast(counted.alarmed_losses as double) / counted.losses
    end as caught_share,
    counted.cleared,
    counted.cleared_losses
from cfg_risk
cross join counted
inner join asked on counted.cutoff = asked.cutoff
inner join int_backtest_auc
    on counted.score_name = int_backtest_auc.score_name
    and counted.cutoff = int_backtest_auc.cutoff
