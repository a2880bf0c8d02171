-- What one measure of a customer's profile is today: its value and its state. A measure
-- that nothing is heard of is missing; one older than the profile allows is stale.
-- grain: account_id, measure
-- columns:
--   account_id | text | key | customer
--   profile | text | - | health profile
--   measure | text | - | name of the measure
--   state | text | - | value, zero, missing, stale, not_applicable
--   raw_value | float | - | in the measure's own unit, null where there is none
--   observed_on | date | day | how far the number reaches
select
    int_health_profile.account_id,
    int_health_profile.profile,
    cfg_health_measure.measure,
    case
        when int_account_measure.state is null then 'missing'
        when int_account_measure.state in ('value', 'zero')
            and $as_of - int_account_measure.observed_on
                > cfg_health_measure.stale_after_days
            then 'stale'
        else int_account_measure.state
    end as state,
    int_account_measure.raw_value,
    int_account_measure.observed_on
from int_health_profile
inner join cfg_health_measure
    on int_health_profile.profile = cfg_health_measure.profile
left join int_account_measure
    on int_health_profile.account_id = int_account_measure.account_id
    and cfg_health_measure.measure = int_account_measure.measure
    and int_account_measure.as_of = $as_of
