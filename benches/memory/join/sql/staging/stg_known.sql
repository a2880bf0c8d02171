-- What is known of one thing.
-- grain: account_id
-- materialise: view
select
    account_id,
    group_id,
    note
from raw_account
