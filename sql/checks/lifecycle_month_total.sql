-- Totals of a month that are not the accounts of lifecycle, or their revenue, or that do
-- not sum up: values of a dimension to the total, and returning with dormant to the
-- accounts that were active the month before.
-- severity: error
-- checks: lifecycle_month
with

by_dimension as (
    select
        month,
        dimension,
        currency,
        state,
        sum(accounts) as accounts,
        sum(arr) as arr
    from lifecycle_month
    group by month, dimension, currency, state
),

by_account as (
    select
        month,
        currency,
        state,
        count(*) as accounts,
        sum(arr) as arr
    from lifecycle
    group by month, currency, state
),

wrong_sum as (
    select
        by_dimension.month,
        by_dimension.dimension,
        by_dimension.state,
        by_dimension.accounts,
        coalesce(by_account.accounts, 0) as accounts_expected
    from by_dimension
    left join by_account
        on by_dimension.month = by_account.month
        and by_dimension.currency = by_account.currency
        and by_dimension.state = by_account.state
    where by_dimension.accounts <> coalesce(by_account.accounts, 0)
        or by_dimension.arr <> coalesce(by_account.arr, 0)
),

activity as (
    select
        month,
        sum(case when state <> 'dormant' then accounts else 0 end) as active,
        sum(case when state in ('returning', 'dormant') then accounts else 0 end)
            as active_before
    from lifecycle_month
    where dimension = 'all'
    group by month
),

wrong_step as (
    select
        activity.month,
        'all' as dimension,
        cast(null as text) as state,
        activity.active_before as accounts,
        month_before.active as accounts_expected
    from activity
    inner join activity as month_before
        on activity.month = cast(month_before.month + interval '1 month' as date)
    where activity.active_before <> month_before.active
),

wrong_rate as (
    select
        month,
        dimension,
        state,
        accounts,
        n as accounts_expected
    from lifecycle_month
    where accounts < 0
        or rate > 1
        or rate_low > rate + 1e-12
        or rate_high < rate - 1e-12
        or (state in ('new', 'resurrecting') and rate is not null)
        or (state in ('returning', 'dormant') and accounts > n)
        or (state in ('returning', 'dormant') and is_too_few <> (rate is null))
)

select * from wrong_sum
union all
select * from wrong_step
union all
select * from wrong_rate
