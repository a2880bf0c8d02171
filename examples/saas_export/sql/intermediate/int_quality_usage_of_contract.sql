-- Uses of a feature on days on which the contract they name was not running: before it
-- started, from its end on, or under a contract that the export does not hold.
-- grain: source_table, check_name
with

counts as (
    select
        count(*) as uses,
        count(*) filter (where stg_subscription.subscription_id is null) as unknown,
        count(*) filter (where stg_event.day < stg_subscription.started_on) as before,
        count(*) filter (where stg_event.day >= stg_subscription.ended_on) as after
    from stg_event
    left join stg_subscription
        on stg_event.subscription_id = stg_subscription.subscription_id
),

checked as (
    select
        'contract_unknown' as check_name,
        uses as rows_checked,
        unknown as rows_failed,
        'uses under a contract that is not in the export' as message
    from counts
    union all
    select
        'before_its_contract',
        uses,
        before,
        'uses before the contract they name started; they count as use of the account'
    from counts
    union all
    select
        'after_its_contract',
        uses,
        after,
        'uses after the contract they name ended; they count as use of the account'
    from counts
)

select
    'ravenstack_feature_usage' as source_table,
    check_name,
    'warn' as severity,
    rows_checked,
    rows_failed,
    message
from checked
