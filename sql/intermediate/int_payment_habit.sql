-- How one account paid the bills that fell due in the year before a cutoff. A bill is
-- late when it was paid, or is still open, more than two weeks after it was due; younger
-- open ones are not judged. Credit notes are no bills.
-- grain: as_of, account_id
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   due_365d | integer | bills | bills due in the last 365 days that can be judged
--   late_365d | integer | bills | of these, late ones
with

bill as (
    select
        cfg_cutoff.as_of,
        stg_invoice.account_id,
        coalesce(
            case
                when stg_invoice.paid_on <= cfg_cutoff.as_of then stg_invoice.paid_on
            end,
            cfg_cutoff.as_of
        ) - stg_invoice.due_on > 14 as is_late,
        stg_invoice.paid_on <= cfg_cutoff.as_of as is_paid
    from cfg_cutoff
    cross join stg_invoice
    where stg_invoice.amount > 0
        and stg_invoice.account_id is not null
        and stg_invoice.issued_on <= cfg_cutoff.as_of
        and stg_invoice.due_on < cfg_cutoff.as_of
        and cfg_cutoff.as_of - stg_invoice.due_on < 365
)

select
    as_of,
    account_id,
    count(*) as due_365d,
    count(*) filter (where is_late) as late_365d
from bill
where is_late or coalesce(is_paid, false)
group by as_of, account_id
