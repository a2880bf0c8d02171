-- One row of the extract as it is.
-- grain: ticket_id
-- materialise: view
select
    ticket_id,
    account_id,
    opened_at,
    closed_at,
    severity,
    csat
from raw_ticket
