-- One use of a feature. The export keeps the day only, so all happen at its start; the
-- account is that of the contract, which data_quality holds the use against. Of rows that
-- share a key the first of the order below is kept.
-- grain: event_id
with

ranked as (
    select
        *,
        row_number() over (
            partition by usage_id
            order by
                usage_date asc nulls last,
                subscription_id asc nulls last,
                feature_name asc nulls last,
                usage_count asc nulls last,
                usage_duration_secs asc nulls last,
                error_count asc nulls last
        ) as position
    from raw_ravenstack_feature_usage
)

select
    ranked.usage_id as event_id,
    arrow_cast(ranked.usage_date, 'Timestamp(Microsecond, Some("UTC"))') as occurred_at,
    ranked.usage_date as day,
    stg_subscription.account_id,
    cast(null as text) as contact_id,
    cast(null as text) as email,
    cast(null as text) as anonymous_id,
    'feature_use' as name,
    'product' as channel,
    'self_service' as mode,
    cast(null as text) as content_id,
    cast(null as text) as owner_id,
    ranked.feature_name as feature,
    ranked.usage_count as quantity,
    ranked.usage_duration_secs as duration_seconds,
    ranked.error_count as errors,
    cast(null as text) as product_id,
    ranked.subscription_id
from ranked
left join stg_subscription on ranked.subscription_id = stg_subscription.subscription_id
where ranked.position = 1
