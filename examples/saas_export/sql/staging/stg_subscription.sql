-- One contract of the export. The plan is also the product, so that contracts of one
-- account for the same plan show as overlapping. When a contract renews is not in the
-- export; the billing rhythm would only be a guess. is_churned is what the export says;
-- only data_quality reads it.
-- grain: subscription_id
with

ranked as (
    select
        *,
        row_number() over (
            partition by subscription_id
            order by
                start_date desc nulls last,
                end_date desc nulls last,
                mrr_amount desc nulls last,
                account_id asc nulls last,
                plan_tier asc nulls last,
                seats desc nulls last,
                is_trial asc nulls last,
                auto_renew_flag asc nulls last,
                churn_flag asc nulls last
        ) as position
    from raw_ravenstack_subscriptions
)

select
    ranked.subscription_id,
    ranked.account_id,
    ranked.plan_tier as product_id,
    ranked.plan_tier as plan,
    ranked.seats,
    case
        when coalesce(ranked.is_trial, false) then cast(0 as decimal(18, 4))
        else ranked.mrr_amount
    end as mrr,
    cfg_pipeline.currency,
    ranked.start_date as started_on,
    ranked.end_date as ended_on,
    cast(null as date) as cancelled_on,
    cast(null as date) as renews_on,
    coalesce(ranked.is_trial, false) as is_trial,
    ranked.auto_renew_flag as auto_renew,
    coalesce(ranked.churn_flag, false) as is_churned
from ranked
cross join cfg_pipeline
where ranked.position = 1
