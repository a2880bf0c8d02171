-- Accounts that were green and lost, named one by one, are not as many as the figures
-- say.
-- severity: error
-- checks: health_backtest_missed
with

named as (
    select coalesce(sum(green_cutoffs), 0) as cutoffs
    from health_backtest_missed
)

select
    health_backtest.cleared_losses,
    named.cutoffs
from named
cross join health_backtest
where health_backtest.score_name = 'health_score'
    and health_backtest.cutoff = 'all'
    and health_backtest.cleared_losses <> named.cutoffs
