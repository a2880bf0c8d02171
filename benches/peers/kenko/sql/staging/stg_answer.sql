-- One row of the extract as it is.
-- grain: response_id
-- materialise: view
select
    response_id,
    account_id,
    metric,
    score,
    responded_at
from raw_survey
