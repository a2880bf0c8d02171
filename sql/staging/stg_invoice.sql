-- One bill. Of repeated rows the one that knows of the payment is kept: a payment is
-- learned after the bill.
-- grain: invoice_id
-- columns:
--   invoice_id | text | key | the invoice's key
--   account_id | text | key | account
--   amount | decimal(18,4) | currency | amount billed; negative for a credit note
--   currency | text | ISO 4217 | currency, the pipeline's where the bill names none
--   issued_on | date | day | day of issue
--   due_on | date | day | day payment is due
--   paid_on | date | day | day it was paid, null while open
select
    raw_invoice.invoice_id,
    raw_invoice.account_id,
    raw_invoice.amount,
    coalesce(
        nullif(upper(trim(raw_invoice.currency)), ''), cfg_pipeline.currency
    ) as currency,
    raw_invoice.issued_on,
    raw_invoice.due_on,
    raw_invoice.paid_on
from raw_invoice
cross join cfg_pipeline
qualify row_number() over (
    partition by raw_invoice.invoice_id
    order by
        raw_invoice.paid_on desc nulls last,
        raw_invoice.issued_on desc nulls last,
        raw_invoice.due_on desc nulls last,
        raw_invoice.amount desc nulls last,
        raw_invoice.currency nulls last,
        raw_invoice.account_id nulls last
) = 1
