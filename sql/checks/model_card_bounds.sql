-- Lines of the model card that cannot be: a share outside 0 and 1, an interval that does
-- not hold its figure, more losses than rows, a sentence without words.
-- severity: error
-- checks: model_card
select
    model_role,
    metric,
    dimension,
    dimension_value,
    value,
    low,
    high,
    n,
    events
from model_card
where events > n
    or low > high
    or (metric in ('auc', 'pr_auc', 'brier', 'base_rate', 'observed_rate',
        'mean_probability', 'expected_calibration_error', 'revenue_caught_at_list_length')
        and not (value between 0 and 1))
    or (metric in ('auc', 'pr_auc', 'log_loss_gain')
        and (value < low or value > high))
    or (metric in ('verdict', 'decision') and note is null)
