-- One row of the extract as it is.
-- grain: opportunity_id
-- materialise: view
select
    opportunity_id,
    account_id,
    created_on,
    amount_cents,
    stage
from raw_opportunity
