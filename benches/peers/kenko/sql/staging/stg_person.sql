-- One row of the extract as it is.
-- grain: contact_id
-- materialise: view
select
    contact_id,
    account_id
from raw_contact
