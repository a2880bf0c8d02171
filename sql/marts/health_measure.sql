-- One measure of a customer's health score, whatever its state, with what it adds to the
-- score. The weight of measures without a number is spread over the others. Contributions
-- are differences of the running weighted mean rounded to six digits, so that they sum to
-- the score exactly: what rounding takes from one measure it gives to the next.
-- grain: account_id, measure
-- columns:
--   account_id | text | key | the account
--   measure | text | - | name of the measure
--   label | text | - | name of the measure for people
--   dimension_name | text | - | the side of the relationship it belongs to
--   profile | text | - | health profile that the weights come from
--   state | text | - | value, zero, missing, stale, not_applicable
--   raw_value | float | - | in the measure's own unit, null where there is none
--   normalised | float | 0-100 | raw value on the profile's curve; higher is better
--   weight | float | - | the profile's weight
--   effective_weight | float | 0-1 | share of the score; null without a number
--   contribution | float | points | points of the score; null without a number
--   observed_on | date | day | how far the number reaches
with

-- the profile named like the account's segment, else the default, else the first by name
customer as (
    select
        int_account_commercial.account_id,
        cfg_health.profile
    from int_account_commercial
    left join stg_account on int_account_commercial.account_id = stg_account.account_id
    cross join cfg_health
    where int_account_commercial.as_of = $as_of
    qualify row_number() over (
        partition by int_account_commercial.account_id
        order by
            coalesce(cfg_health.profile = stg_account.segment, false) desc,
            cfg_health.profile = 'default' desc,
            cfg_health.profile
    ) = 1
),

observed as (
    select
        customer.account_id,
        customer.profile,
        cfg_health_measure.measure,
        cfg_health_measure.label,
        cfg_health_measure.dimension_name,
        cast(cfg_health_measure.weight as decimal(12,6)) as weight,
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
    from customer
    inner join cfg_health_measure on customer.profile = cfg_health_measure.profile
    left join int_account_measure
        on customer.account_id = int_account_measure.account_id
        and cfg_health_measure.measure = int_account_measure.measure
        and int_account_measure.as_of = $as_of
),

scored as (
    select
        observed.account_id,
        observed.measure,
        observed.label,
        observed.dimension_name,
        observed.profile,
        observed.state,
        observed.raw_value,
        observed.weight,
        observed.observed_on,
        cast(
            case
                when cfg_health_curve.from_score = cfg_health_curve.to_score
                    then cfg_health_curve.from_score
                else cfg_health_curve.from_score
                    + (cfg_health_curve.to_score - cfg_health_curve.from_score)
                    * (observed.raw_value - cfg_health_curve.from_raw)
                    / (cfg_health_curve.to_raw - cfg_health_curve.from_raw)
            end as decimal(12,6)
        ) as normalised
    from observed
    left join cfg_health_curve
        on observed.profile = cfg_health_curve.profile
        and observed.measure = cfg_health_curve.measure
        and observed.state in ('value', 'zero')
        and observed.raw_value >= cfg_health_curve.from_raw
        and observed.raw_value < cfg_health_curve.to_raw
),

weighted as (
    select
        *,
        sum(case when normalised is not null then cast(weight as decimal(38,6)) end)
            over (partition by account_id) as weight_total,
        sum(cast(normalised * weight as decimal(38,12))) over (
            partition by account_id order by measure
            rows between unbounded preceding and current row
        ) as running_total
    from scored
),

running as (
    select
        *,
        cast(
            cast(running_total as double) / cast(weight_total as double)
            as decimal(12,6)
        ) as running_score
    from weighted
)

select
    account_id,
    measure,
    label,
    dimension_name,
    profile,
    state,
    raw_value,
    cast(normalised as double) as normalised,
    cast(weight as double) as weight,
    case when normalised is not null
        then cast(weight as double) / cast(weight_total as double)
    end as effective_weight,
    case when normalised is not null then cast(
        running_score - coalesce(
            lag(running_score) over (partition by account_id order by measure), 0
        ) as double
    ) end as contribution,
    observed_on
from running
