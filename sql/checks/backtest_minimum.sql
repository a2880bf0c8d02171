-- The churn risk ranked those who were lost worse than the pipeline demands
-- (backtest.minimum_auc), over all month-ends and with enough losses to say so.
-- severity: error
-- checks: health_backtest
select
    health_backtest.score_name,
    health_backtest.losses,
    health_backtest.auc,
    cfg_backtest.minimum_auc
from cfg_backtest
cross join health_backtest
where health_backtest.score_name = 'churn_probability'
    and health_backtest.cutoff = 'all'
    and health_backtest.losses >= cfg_backtest.minimum_losses
    and health_backtest.auc < cfg_backtest.minimum_auc
