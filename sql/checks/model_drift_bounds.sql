-- Rows of model_drift that cannot be: an index below 0, no accounts, a share outside 0
-- and 1, a limit of nothing.
-- severity: error
-- checks: model_drift
select
    feature,
    stability_index,
    limit_index,
    accounts,
    unknown_share
from model_drift
where stability_index < 0
    or stability_index is null
    or limit_index <= 0
    or accounts <= 0
    or not (unknown_share between 0 and 1)
