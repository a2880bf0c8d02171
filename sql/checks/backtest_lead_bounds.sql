-- Early warnings of which a part is larger than its whole.
-- severity: error
-- checks: health_backtest_lead
select
    score_name,
    days_before,
    currency,
    losses,
    alarmed_losses,
    lost_arr,
    alarmed_arr
from health_backtest_lead
where alarmed_losses > losses
    or alarmed_arr > lost_arr
    or alarmed_arr_share > 1
    or unscored_losses < 0
