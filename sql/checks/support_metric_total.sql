-- Months whose total is not the number of tickets opened in them, and dimensions whose
-- values do not sum to it: no ticket is lost on the way.
-- severity: error
-- checks: support_metric
with

expected as (
    select
        cfg_month.month,
        count(*) as tickets
    from stg_ticket
    inner join cfg_month
        on cast(date_trunc('month', stg_ticket.opened_on) as date) = cfg_month.month
    group by cfg_month.month
),

found as (
    select
        month,
        dimension,
        sum(tickets) as tickets
    from support_metric
    group by month, dimension
)

select
    coalesce(expected.month, found.month) as month,
    found.dimension,
    expected.tickets as tickets_opened,
    found.tickets as tickets_counted
from expected
full outer join found on expected.month = found.month
where coalesce(expected.tickets, 0) <> coalesce(found.tickets, 0)
