-- The contracts of one customer at the end of a cutoff: an account with at least one
-- active subscription, trial or paid. Money is in one currency, the one with most active
-- paid subscriptions (then most trials, then by code); amounts in others are not added,
-- because nothing here knows their price.
-- grain: as_of, account_id
-- columns:
--   as_of | date | day | cutoff
--   account_id | text | key | account
--   currency | text | ISO 4217 | currency of the amounts
--   mrr | decimal(38,4) | currency/month | recurring revenue of a month
--   mrr_90d_before | decimal(38,4) | currency/month | the same, 90 days before
--   mrr_under_notice | decimal(38,4) | currency/month | part of mrr with notice given
--   arr | decimal(38,4) | currency/year | twelve times mrr
--   seats | integer | seats | seats of the active paid subscriptions
--   renews_on | date | day | next renewal from the cutoff on, of paid contracts first
--   days_to_renewal | integer | days | days until then
--   notice_given | boolean | - | notice was given for a paid contract
--   auto_renew_off | boolean | - | a paid contract does not renew by itself
--   first_paid_on | date | day | start of the first paid contract
--   overdue_days | integer | days | age of the oldest open debt, null without invoices
--   subscriptions | integer | contracts | active subscriptions
with

contract as (
    select
        cfg_cutoff.as_of,
        stg_subscription.account_id,
        stg_subscription.currency,
        stg_subscription.mrr,
        stg_subscription.seats,
        stg_subscription.started_on,
        stg_subscription.auto_renew,
        coalesce(stg_subscription.mrr > 0, false)
            and not coalesce(stg_subscription.is_trial, false) as is_paid,
        stg_subscription.started_on <= cfg_cutoff.as_of
            and coalesce(stg_subscription.ended_on > cfg_cutoff.as_of, true) as is_active,
        stg_subscription.started_on <= cfg_cutoff.as_of - 90
            and coalesce(stg_subscription.ended_on > cfg_cutoff.as_of - 90, true)
            as was_active,
        coalesce(stg_subscription.cancelled_on <= cfg_cutoff.as_of, false) as is_notified,
        -- a renewal day that has passed says only that the extract did not keep it up
        case
            when stg_subscription.renews_on >= cfg_cutoff.as_of
                then stg_subscription.renews_on
        end as renews_on
    from stg_subscription
    inner join cfg_cutoff on stg_subscription.started_on <= cfg_cutoff.as_of
    where stg_subscription.account_id is not null
),

contract_total as (
    select
        as_of,
        account_id,
        currency,
        count(*) filter (where is_active and is_paid) as paid_subscriptions,
        count(*) filter (where is_active) as subscriptions,
        sum(cast(mrr as decimal(38,4))) filter (where is_active and is_paid) as mrr,
        sum(cast(mrr as decimal(38,4))) filter (where was_active and is_paid)
            as mrr_90d_before,
        sum(cast(mrr as decimal(38,4)))
            filter (where is_active and is_paid and is_notified) as mrr_under_notice
    from contract
    group by as_of, account_id, currency
),

main_currency as (
    select
        as_of, account_id, currency, mrr, mrr_90d_before, mrr_under_notice
    from contract_total
    where subscriptions > 0
    qualify row_number() over (
        partition by as_of, account_id
        order by paid_subscriptions desc, subscriptions desc, currency nulls last
    ) = 1
),

account_total as (
    select
        as_of,
        account_id,
        sum(seats) filter (where is_active and is_paid) as seats,
        coalesce(
            min(renews_on) filter (where is_active and is_paid),
            min(renews_on) filter (where is_active)
        ) as renews_on,
        coalesce(bool_or(is_notified) filter (where is_active and is_paid), false)
            as notice_given,
        bool_or(not auto_renew) filter (where is_active and is_paid) as auto_renew_off,
        min(started_on) filter (where is_paid) as first_paid_on,
        count(*) filter (where is_active) as subscriptions
    from contract
    group by as_of, account_id
),

debt as (
    select
        cfg_cutoff.as_of,
        stg_invoice.account_id,
        max(cfg_cutoff.as_of - stg_invoice.due_on) as overdue_days
    from stg_invoice
    inner join cfg_cutoff on stg_invoice.due_on < cfg_cutoff.as_of
    where stg_invoice.amount > 0
        and stg_invoice.issued_on <= cfg_cutoff.as_of
        and (stg_invoice.paid_on is null or stg_invoice.paid_on > cfg_cutoff.as_of)
    group by cfg_cutoff.as_of, stg_invoice.account_id
)

select
    main_currency.as_of,
    main_currency.account_id,
    main_currency.currency,
    coalesce(main_currency.mrr, 0) as mrr,
    coalesce(main_currency.mrr_90d_before, 0) as mrr_90d_before,
    coalesce(main_currency.mrr_under_notice, 0) as mrr_under_notice,
    cast(coalesce(main_currency.mrr, 0) * 12 as decimal(38,4)) as arr,
    coalesce(account_total.seats, 0) as seats,
    account_total.renews_on,
    account_total.renews_on - main_currency.as_of as days_to_renewal,
    account_total.notice_given,
    account_total.auto_renew_off,
    account_total.first_paid_on,
    case when cfg_source.is_declared then coalesce(debt.overdue_days, 0) end
        as overdue_days,
    account_total.subscriptions
from main_currency
inner join account_total
    on main_currency.as_of = account_total.as_of
    and main_currency.account_id = account_total.account_id
left join cfg_source on cfg_source.source_table = 'invoice'
left join debt
    on main_currency.as_of = debt.as_of
    and main_currency.account_id = debt.account_id
