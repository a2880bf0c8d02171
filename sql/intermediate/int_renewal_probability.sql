-- How likely one paying account comes through its next renewal, as known at the end of
-- a cutoff: the share of its segment that does after as many renewals, P. Who has given
-- notice for everything does not. Of who has not, P / (1 - (1 - P) w) do, where w is
-- the share of those lost earlier whose notice was there by this distance. Whatever
-- else gives a probability for an account and a cutoff takes its place by replacing
-- this model: lifetime_value and renewal_forecast read no other.
-- grain: cutoff_on, account_id
-- columns:
--   cutoff_on | date | day | the day at whose end it is known
--   account_id | text | key | account
--   segment | text | - | the account's segment today
--   term_months | integer | months | months between two renewals
--   renewals | integer | renewals | renewals it came through by then
--   next_due_on | date | day | its next renewal
--   next_due_month | integer | months | the month of that day: year times 12 plus month
--   due_day | integer | day | day of the month on which it renews
--   is_notified | boolean | - | notice was given by then for all it pays for
--   probability | decimal(9,6) | 0-1 | to pass the next renewal; null with no curve
--   source | text | - | what gave it: segment_curve, notice or null
--   alpha | float | - | curve for the renewals after that
--   beta | float | - | curve
--   shape | float | - | curve
with

curved as (
    select
        int_renewal_state.*,
        int_renewal_curve.alpha,
        int_renewal_curve.beta,
        int_renewal_curve.shape,
        -- one renewal to come, expected: the chance to come through it
        expected_renewals(
            int_renewal_curve.alpha,
            int_renewal_curve.beta,
            int_renewal_curve.shape,
            int_renewal_state.renewals,
            1,
            1
        ) as retention,
        coalesce(
            cast(int_notice_share.noticed as double) / int_notice_share.lost, 0
        ) as noticed_share
    from int_renewal_state
    left join int_renewal_curve
        on
            int_renewal_state.cutoff_on = int_renewal_curve.cutoff_on
            and int_renewal_state.segment = int_renewal_curve.segment
            and int_renewal_state.term_months = int_renewal_curve.term_months
    left join int_notice_share
        on
            int_renewal_state.cutoff_on = int_notice_share.cutoff_on
            and int_renewal_state.term_months = int_notice_share.term_months
            and int_notice_share.lead_days = least(
                cast(
                    int_renewal_state.next_due_on - int_renewal_state.cutoff_on as bigint
                ) / 30 * 30,
                360
            )
)

select
    cutoff_on,
    account_id,
    segment,
    term_months,
    renewals,
    next_due_on,
    next_due_month,
    due_day,
    is_notified,
    case
        when retention is null then null
        when is_notified then cast(0 as decimal(9, 6))
        -- 1 - (1 - P) w is 0 only where P is 0
        else cast(
            -- nobody is certain to stay, as in churn_risk
            least(
                retention / greatest(1 - (1 - retention) * noticed_share, 1e-9), 0.999999
            ) as decimal(9, 6)
        )
    end as probability,
    case
        when retention is null then null
        when is_notified then 'notice'
        else 'segment_curve'
    end as source,
    alpha,
    beta,
    shape
from curved
