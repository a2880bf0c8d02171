-- The health profile of one customer: of those whose conditions all hold the first by
-- priority. The last profile has no condition, so that every customer has exactly one;
-- `kenko check` proves it.
-- grain: account_id
-- columns:
--   account_id | text | key | customer
--   profile | text | - | name of the profile
with

attribute as (
    select
        account_id,
        dimension as subject,
        dimension_value as value
    from int_account_dimension
    union all
    select
        account_id,
        concat('journey:', journey) as subject,
        stage as value
    from int_stage_stay
    where entered_on <= $as_of
        and coalesce(left_on > $as_of, true)
),

held as (
    select
        attribute.account_id,
        cfg_health_condition.profile,
        count(distinct cfg_health_condition.condition_number) as conditions
    from attribute
    inner join cfg_health_condition
        on attribute.subject = cfg_health_condition.subject
        and attribute.value = cfg_health_condition.value
    group by attribute.account_id, cfg_health_condition.profile
)

select
    int_account_commercial.account_id,
    cfg_health.profile
from cfg_health
cross join int_account_commercial
left join held
    on int_account_commercial.account_id = held.account_id
    and cfg_health.profile = held.profile
where int_account_commercial.as_of = $as_of
    and cfg_health.conditions = coalesce(held.conditions, 0)
qualify row_number() over (
    partition by int_account_commercial.account_id
    order by cfg_health.priority, cfg_health.profile
) = 1
