-- One account that paid at the start of one retention period, in one currency: its
-- recurring revenue at the end of the day before the period and at the period's end.
-- The account is kept when it still pays in any currency. A renewal was due when a
-- renewal opportunity of the account closes in the period; the contract's own renewal
-- date cannot say so, because it moves on with every renewal and so would leave only the
-- lost ones.
-- grain: account_id, currency, period_start, period_end
with

paying as (
    select distinct
        account_id,
        day
    from int_mrr_day_end
    where mrr > 0
),

renewals_due as (
    select distinct
        stg_opportunity.account_id,
        cfg_retention_period.period_start,
        cfg_retention_period.period_end
    from stg_opportunity
    inner join cfg_retention_period
        on
            stg_opportunity.close_on >= cfg_retention_period.period_start
            and stg_opportunity.close_on <= cfg_retention_period.period_end
    where lower(stg_opportunity.type) = 'renewal'
)

select
    at_start.account_id,
    at_start.currency,
    cfg_retention_period.period_start,
    cfg_retention_period.period_end,
    cfg_retention_period.months,
    at_start.mrr as mrr_at_start,
    coalesce(at_end.mrr, cast(0 as decimal(38, 4))) as mrr_at_end,
    paying.account_id is not null as is_kept,
    renewals_due.account_id is not null as is_renewal_due
from cfg_retention_period
inner join int_mrr_day_end as at_start
    on at_start.day = cfg_retention_period.period_start - 1
left join int_mrr_day_end as at_end
    on
        at_end.account_id = at_start.account_id
        and at_end.currency = at_start.currency
        and at_end.day = cfg_retention_period.period_end
left join paying
    on
        paying.account_id = at_start.account_id
        and paying.day = cfg_retention_period.period_end
left join renewals_due
    on
        renewals_due.account_id = at_start.account_id
        and renewals_due.period_start = cfg_retention_period.period_start
        and renewals_due.period_end = cfg_retention_period.period_end
where at_start.mrr > 0
