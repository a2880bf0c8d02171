-- Recurring revenue of one account in one currency at both ends of one month: at the
-- end of the day before it, and at its own end (the as-of day while it runs). A month in
-- which both are zero has no row.
-- grain: account_id, currency, month
-- columns:
--   account_id | text | key | the account
--   currency | text | ISO 4217 | currency of the amounts
--   month | date | first day | the calendar month
--   opening | decimal(38,4) | currency/month | at the end of the day before
--   closing | decimal(38,4) | currency/month | at the end of the month
--   first_paid_on | date | day | first month-end with paid revenue in any currency
with

openings as (
    select
        int_mrr_day_end.account_id,
        int_mrr_day_end.currency,
        cfg_month.month,
        int_mrr_day_end.mrr
    from int_mrr_day_end
    inner join cfg_month on int_mrr_day_end.day = cfg_month.month - 1
),

closings as (
    select
        int_mrr_day_end.account_id,
        int_mrr_day_end.currency,
        cfg_month.month,
        int_mrr_day_end.mrr
    from int_mrr_day_end
    inner join cfg_month on int_mrr_day_end.day = cfg_month.ends_on
),

months as (
    select
        coalesce(openings.account_id, closings.account_id) as account_id,
        coalesce(openings.currency, closings.currency) as currency,
        coalesce(openings.month, closings.month) as month,
        coalesce(openings.mrr, cast(0 as decimal(38, 4))) as opening,
        coalesce(closings.mrr, cast(0 as decimal(38, 4))) as closing
    from openings
    full outer join closings
        on
            openings.account_id = closings.account_id
            and openings.currency = closings.currency
            and openings.month = closings.month
)

select
    months.account_id,
    months.currency,
    months.month,
    months.opening,
    months.closing,
    int_first_payment.first_paid_on
from months
left join int_first_payment on months.account_id = int_first_payment.account_id
