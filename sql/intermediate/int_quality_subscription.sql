-- Contradictions within the contracts: ends before the start, accounts or amounts that
-- are missing, negative amounts, two contracts of one account for one product on the same
-- day (which may be an extension, or one contract counted twice), accounts billed in
-- several currencies (whose revenue no single figure holds).
-- grain: source_table, check_name
with

contracts as (
    select
        *,
        max(coalesce(ended_on, date '9999-12-31')) over (
            partition by account_id, product_id
            order by started_on, subscription_id
            rows between unbounded preceding and 1 preceding
        ) as latest_end_before
    from stg_subscription
),

counts as (
    select
        count(*) as contracts,
        count(*) filter (where ended_on < started_on) as ended_before_start,
        count(*) filter (where ended_on = started_on) as without_a_day,
        count(*) filter (where account_id is null) as without_account,
        count(*) filter (where mrr is null) as without_mrr,
        count(*) filter (where mrr < 0) as negative_mrr,
        count(*) filter (where product_id is not null) as of_a_product,
        count(*) filter (
            where product_id is not null and latest_end_before > started_on
        ) as overlapping
    from contracts
),

account_currencies as (
    select
        account_id,
        count(distinct currency) as currencies
    from stg_subscription
    where mrr > 0 and account_id is not null
    group by account_id
),

currency_counts as (
    select
        count(*) as accounts,
        count(*) filter (where currencies > 1) as of_several
    from account_currencies
),

checked as (
    select
        'ended_before_start' as check_name,
        'warn' as severity,
        contracts as rows_checked,
        ended_before_start as rows_failed,
        'contracts that end before they start; they never count' as message
    from counts
    union all
    select
        'no_day_of_service',
        'info',
        contracts,
        without_a_day,
        'contracts that end on the day they start; they never count'
    from counts
    union all
    select
        'account_missing',
        'warn',
        contracts,
        without_account,
        'contracts that name no account; their revenue counts nowhere'
    from counts
    union all
    select
        'mrr_missing',
        'warn',
        contracts,
        without_mrr,
        'contracts without an amount; they bring no revenue'
    from counts
    union all
    select
        'mrr_negative',
        'warn',
        contracts,
        negative_mrr,
        'contracts with a negative amount; they lower the account''s revenue'
    from counts
    union all
    select
        'overlapping',
        'info',
        of_a_product,
        overlapping,
        'contracts of an account for a product that another one covers already; all count'
    from counts
    union all
    select
        'several_currencies',
        'warn',
        accounts,
        of_several,
        'paying accounts billed in several currencies; figures are per currency'
    from currency_counts
)

select
    cfg_source.source_table,
    checked.check_name,
    checked.severity,
    checked.rows_checked,
    checked.rows_failed,
    checked.message
from checked
cross join cfg_source
where cfg_source.source_table = 'subscription' and cfg_source.is_declared
