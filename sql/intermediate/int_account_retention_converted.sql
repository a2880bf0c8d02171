-- One account that paid at the start of one retention period, with all its revenue in
-- the pipeline's currency at the newest known rates. An account that moves from one
-- currency to another is one account here, and what it keeps is kept. Amounts are null
-- where a currency of its revenue at either end has no rate: a part would pass for the
-- whole.
-- grain: account_id, period_start, period_end
-- columns:
--   account_id | text | key | the account
--   period_start | date | - | first day of the period
--   period_end | date | - | last day of the period
--   months | integer | months | length of the period in calendar months
--   mrr_at_start | decimal(38,4) | pipeline currency/month | before the period
--   mrr_at_end | decimal(38,4) | pipeline currency/month | at its end
--   is_kept | boolean | - | still pays at the end
--   is_renewal_due | boolean | - | a renewal was due in the period
with

account as (
    select
        account_id,
        period_start,
        period_end,
        months,
        bool_or(is_kept) as is_kept,
        bool_or(is_renewal_due) as is_renewal_due
    from int_account_retention
    group by account_id, period_start, period_end, months
),

converted as (
    select
        int_mrr_day_end.account_id,
        int_mrr_day_end.day,
        count(*) filter (where stg_fx_rate.rate is null) as without_rate,
        cast(sum(cast(
            round(cast(int_mrr_day_end.mrr as decimal(28, 4)) * stg_fx_rate.rate, 4)
            as decimal(38, 4)
        )) as decimal(38, 4)) as mrr
    from int_mrr_day_end
    left join stg_fx_rate on int_mrr_day_end.currency = stg_fx_rate.currency
    group by int_mrr_day_end.account_id, int_mrr_day_end.day
)

select
    account.account_id,
    account.period_start,
    account.period_end,
    account.months,
    case
        when at_start.without_rate + coalesce(at_end.without_rate, 0) = 0
            then at_start.mrr
    end as mrr_at_start,
    case
        when at_start.without_rate + coalesce(at_end.without_rate, 0) = 0
            then coalesce(at_end.mrr, cast(0 as decimal(38, 4)))
    end as mrr_at_end,
    account.is_kept,
    account.is_renewal_due
from account
inner join converted as at_start
    on
        account.account_id = at_start.account_id
        and at_start.day = account.period_start - 1
left join converted as at_end
    on
        account.account_id = at_end.account_id
        and at_end.day = account.period_end
