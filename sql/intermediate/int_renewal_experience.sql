-- How far one unbroken run of paid contracts had come at the end of a cutoff, as it was
-- known then: how many renewals it had come through, and whether it had ended. A run
-- that ends on the very day of a renewal did not come through it; one that ends in
-- between did not come through the next.
-- grain: cutoff_on, account_id, started_on
-- columns:
--   cutoff_on | date | day | the day at whose end it is looked at
--   account_id | text | key | account
--   started_on | date | day | first day of the run
--   segment | text | - | the account's segment today
--   term_months | integer | months | months between two renewals
--   renewals | integer | renewals | renewals it came through by then
--   is_lost | boolean | - | it had ended by then
--   notice_days | integer | days | notice to end; null where it goes on or none was given
with

cutoff as (
    select distinct cutoff_on from cfg_forecast_case
),

seen as (
    select
        cutoff.cutoff_on,
        int_run_term.*,
        coalesce(int_run_term.ended_on <= cutoff.cutoff_on, false) as is_lost,
        case
            when int_run_term.ended_on <= cutoff.cutoff_on then int_run_term.ended_on - 1
            else cutoff.cutoff_on
        end as seen_on
    from cutoff
    inner join int_run_term on int_run_term.started_on <= cutoff.cutoff_on
),

counted as (
    select
        *,
        -- the last day of a month stands for all later days that other months have
        cast(
            (date_part('year', seen_on) - date_part('year', started_on)) * 12
            + date_part('month', seen_on) - date_part('month', started_on)
            - case
                when date_part('day', seen_on) >= date_part('day', started_on) then 0
                when date_part('day', seen_on + 1) = 1 then 0
                else 1
            end
            as bigint
        ) as months
    from seen
)

select
    cutoff_on,
    account_id,
    started_on,
    segment,
    term_months,
    greatest(months, 0) / term_months as renewals,
    is_lost,
    case when is_lost and notice_on <= ended_on then ended_on - notice_on end
        as notice_days
from counted
