-- One row of the extract as it is.
-- grain: account_id, month
-- materialise: view
select
    account_id,
    month,
    mrr_cents,
    ends_on
from raw_subscription
