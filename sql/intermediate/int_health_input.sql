-- What one measure of a customer's profile says, on the scale 0 to 100: as it is now, and
-- in two steps on the way there from the last published run, by which a change of the
-- score is explained. `profile`: today's profile and curves on what was known then; a
-- measure that no row of then names comes with the profile, as it is now. `presence`:
-- what is absent now is absent, what was absent then is there, the rest as it was then.
-- Only scenario `now` exists for a customer without a past.
-- grain: account_id, scenario, measure
-- columns:
--   account_id | text | key | customer
--   scenario | text | - | profile, presence or now
--   measure | text | - | name of the measure
--   profile | text | - | today's health profile
--   state | text | - | value, zero, missing, stale, not_applicable
--   raw_value | float | - | in the measure's own unit, null where there is none
--   observed_on | date | day | how far the number of now reaches
--   normalised | decimal(12,6) | 0-100 | on the profile's curve; null without a number
with

prior_customer as (
    select distinct account_id
    from prior_health_measure
),

-- a measure that the profile then did not have reads null
compared as (
    select
        int_health_observed.*,
        coalesce(prior_health_measure.state, int_health_observed.state) as prior_state,
        case when prior_health_measure.state is null then int_health_observed.raw_value
            else prior_health_measure.raw_value
        end as prior_value
    from int_health_observed
    inner join prior_customer
        on int_health_observed.account_id = prior_customer.account_id
    left join prior_health_measure
        on int_health_observed.account_id = prior_health_measure.account_id
        and int_health_observed.measure = prior_health_measure.measure
),

told as (
    select
        account_id,
        'now' as scenario,
        profile,
        measure,
        state,
        raw_value,
        observed_on
    from int_health_observed
    union all
    select
        account_id,
        'profile' as scenario,
        profile,
        measure,
        prior_state as state,
        prior_value as raw_value,
        observed_on
    from compared
    union all
    select
        account_id,
        'presence' as scenario,
        profile,
        measure,
        state,
        case when prior_state in ('value', 'zero') then prior_value else raw_value end
            as raw_value,
        observed_on
    from compared
),

-- a segment without a reference of its own is compared with all
curve_segment as (
    select distinct
        profile,
        measure,
        segment
    from cfg_health_curve
),

placed as (
    select
        told.*,
        coalesce(curve_segment.segment, 'all') as segment
    from told
    left join stg_account on told.account_id = stg_account.account_id
    left join curve_segment
        on told.profile = curve_segment.profile
        and told.measure = curve_segment.measure
        and stg_account.segment = curve_segment.segment
)

select
    placed.account_id,
    placed.scenario,
    placed.measure,
    placed.profile,
    placed.state,
    placed.raw_value,
    placed.observed_on,
    cast(
        case
            when cfg_health_curve.from_score = cfg_health_curve.to_score
                then cfg_health_curve.from_score
            else cfg_health_curve.from_score
                + (cfg_health_curve.to_score - cfg_health_curve.from_score)
                * (placed.raw_value - cfg_health_curve.from_raw)
                / (cfg_health_curve.to_raw - cfg_health_curve.from_raw)
        end as decimal(12,6)
    ) as normalised
from placed
left join cfg_health_curve
    on placed.profile = cfg_health_curve.profile
    and placed.measure = cfg_health_curve.measure
    and placed.segment = cfg_health_curve.segment
    and placed.state in ('value', 'zero')
    and placed.raw_value >= cfg_health_curve.from_raw
    and placed.raw_value < cfg_health_curve.to_raw
