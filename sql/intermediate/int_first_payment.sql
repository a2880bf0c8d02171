-- The month-end at which one account had paid revenue for the first time, in any
-- currency and however long ago: months before the window of the revenue tables count,
-- so that a customer who left and came back is not taken for a new one. A contract that
-- began and ended between two month-ends never shows in a month's figures and does not
-- count either. In the running month the as-of day stands for the month-end.
-- grain: account_id
with

month_ends as (
    select
        account_id,
        ended_on,
        least(
            cast(
                date_trunc('month', started_on)
                + interval '1 month' - interval '1 day' as date
            ),
            $as_of
        ) as first_month_end
    from stg_subscription
    where mrr > 0 and account_id is not null
)

select
    account_id,
    min(first_month_end) as first_paid_on
from month_ends
where ended_on is null or ended_on > first_month_end
group by account_id
