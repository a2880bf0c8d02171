-- One row of the extract as it is.
-- grain: account_id
-- materialise: view
select
    account_id,
    segment,
    industry,
    region
from raw_account
