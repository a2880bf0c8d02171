-- One account whose renewal falls into a month, in one currency, as forecast at the end
-- of a cutoff: what it paid then, and how likely it is to pay on after that renewal. Of
-- months that are over also what it did pay at the end of the month, counted up to what
-- it paid at the cutoff: growth is not the forecast's doing.
-- grain: month, lead_days, account_id, currency
-- columns:
--   month | date | first day | the month of the renewal
--   ends_on | date | day | its last day
--   lead_days | integer | days | cutoff to month; 0 for coming months, forecast today
--   cutoff_on | date | day | the day at whose end the forecast is made
--   account_id | text | key | account
--   currency | text | ISO 4217 | currency of the amounts
--   due_on | date | day | the renewal
--   is_next | boolean | - | the account's next renewal from the cutoff on
--   is_notified | boolean | - | notice was given by the cutoff for all it pays for
--   arr | decimal(38,4) | currency/year | what it paid at the cutoff
--   probability | decimal(9,6) | 0-1 | that it comes through this renewal
--   renewed_arr | decimal(38,4) | currency/year | of that at the end of a past month
with

numbered as (
    select
        *,
        cast(date_part('year', month) * 12 + date_part('month', month) as bigint)
            as month_number,
        cast(date_part('day', ends_on) as bigint) as last_day
    from cfg_forecast_case
),

due as (
    select
        numbered.month,
        numbered.ends_on,
        numbered.lead_days,
        numbered.cutoff_on,
        probability.account_id,
        probability.is_notified,
        numbered.month
        + cast(least(probability.due_day, numbered.last_day) - 1 as int) as due_on,
        numbered.month_number = probability.next_due_month as is_next,
        cast(
            cast(probability.probability as double)
            * renewal_survival(
                probability.alpha, probability.beta, probability.shape,
                probability.renewals + 1
                + (numbered.month_number - probability.next_due_month)
                / probability.term_months
            ) / greatest(
                renewal_survival(
                    probability.alpha, probability.beta, probability.shape,
                    probability.renewals + 1
                ),
                1e-300
            ) as decimal(9, 6)
        ) as probability
    from numbered
    inner join int_renewal_probability as probability
        on numbered.cutoff_on = probability.cutoff_on
    where numbered.month_number >= probability.next_due_month
        and (numbered.month_number - probability.next_due_month)
        % probability.term_months = 0
),

paid as (
    select
        due.month,
        due.lead_days,
        due.account_id,
        stg_subscription.currency,
        sum(cast(stg_subscription.mrr as decimal(38, 4))) filter (
            where stg_subscription.started_on <= due.cutoff_on
                and coalesce(stg_subscription.ended_on, date '9999-12-31') > due.cutoff_on
        ) as mrr_at_cutoff,
        sum(cast(stg_subscription.mrr as decimal(38, 4))) filter (
            where stg_subscription.started_on <= due.ends_on
                and coalesce(stg_subscription.ended_on, date '9999-12-31') > due.ends_on
        ) as mrr_at_end
    from due
    inner join stg_subscription on due.account_id = stg_subscription.account_id
    where stg_subscription.mrr > 0
    group by due.month, due.lead_days, due.account_id, stg_subscription.currency
)

select
    due.month,
    due.ends_on,
    due.lead_days,
    due.cutoff_on,
    due.account_id,
    paid.currency,
    due.due_on,
    due.is_next,
    due.is_notified,
    cast(paid.mrr_at_cutoff * 12 as decimal(38, 4)) as arr,
    due.probability,
    case
        when due.lead_days > 0
            then cast(
                least(coalesce(paid.mrr_at_end, 0), paid.mrr_at_cutoff) * 12
                as decimal(38, 4)
            )
    end as renewed_arr
from due
inner join paid
    on
        due.month = paid.month
        and due.lead_days = paid.lead_days
        and due.account_id = paid.account_id
where paid.mrr_at_cutoff > 0
