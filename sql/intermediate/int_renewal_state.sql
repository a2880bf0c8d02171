-- One paying account at the end of a cutoff with its next renewal: the day its newest
-- contract names, moved by whole terms to the first one after the cutoff, so that it
-- does not matter whether a system writes a row for every term or moves the day on in
-- one row. Without such a day, the anniversary of the first contract.
-- grain: cutoff_on, account_id
-- columns:
--   cutoff_on | date | day | the day at whose end it is looked at
--   account_id | text | key | account
--   segment | text | - | the account's segment today
--   term_months | integer | months | months between two renewals
--   renewals | integer | renewals | renewals it came through by then
--   next_due_on | date | day | its next renewal
--   next_due_month | integer | months | the month of that day: year times 12 plus month
--   due_day | integer | day | day of the month on which it renews
--   is_notified | boolean | - | notice was given by then for all it pays for
with

contract as (
    select
        int_renewal_experience.cutoff_on,
        int_renewal_experience.account_id,
        int_renewal_experience.segment,
        int_renewal_experience.term_months,
        int_renewal_experience.renewals,
        int_renewal_experience.started_on as run_started_on,
        stg_subscription.renews_on,
        coalesce(
            stg_subscription.cancelled_on <= int_renewal_experience.cutoff_on, false
        ) as is_notified,
        row_number() over (
            partition by
                int_renewal_experience.cutoff_on, int_renewal_experience.account_id
            order by
                stg_subscription.renews_on is null,
                stg_subscription.started_on desc,
                stg_subscription.renews_on,
                stg_subscription.subscription_id
        ) as position
    from int_renewal_experience
    inner join stg_subscription
        on
            int_renewal_experience.account_id = stg_subscription.account_id
            and stg_subscription.started_on <= int_renewal_experience.cutoff_on
            and coalesce(stg_subscription.ended_on, date '9999-12-31')
            > int_renewal_experience.cutoff_on
    where not int_renewal_experience.is_lost and stg_subscription.mrr > 0
),

account as (
    select
        cutoff_on,
        account_id,
        segment,
        term_months,
        renewals,
        bool_and(is_notified) as is_notified,
        max(case when position = 1 then coalesce(renews_on, run_started_on) end)
            as anchor_on
    from contract
    group by cutoff_on, account_id, segment, term_months, renewals
),

dated as (
    select
        *,
        cast(date_part('year', cutoff_on) * 12 + date_part('month', cutoff_on) as bigint)
            as cutoff_month,
        cast(date_part('year', anchor_on) * 12 + date_part('month', anchor_on) as bigint)
            as anchor_month,
        cast(date_part('day', anchor_on) as bigint) as due_day
    from account
),

-- the first month from the cutoff's own on in which it renews
found as (
    select
        *,
        cutoff_month
        + ((anchor_month - cutoff_month) % term_months + term_months) % term_months
            as first_month
    from dated
),

-- in the cutoff's own month the day may have passed
placed as (
    select
        *,
        case
            when first_month = cutoff_month
                and (
                    due_day <= date_part('day', cutoff_on)
                    or date_part('day', cutoff_on + 1) = 1
                )
                then first_month + term_months
            else first_month
        end as next_due_month
    from found
),

month_end as (
    select
        *,
        make_date(
            cast(next_due_month / 12 as int), cast(next_due_month % 12 + 1 as int), 1
        ) - 1 as last_day
    from (
        select
            cutoff_on, account_id, segment, term_months, renewals, is_notified, due_day,
            next_due_month
        from placed
    )
)

select
    cutoff_on,
    account_id,
    segment,
    term_months,
    renewals,
    case
        when date_part('day', last_day) > due_day
            then cast(date_trunc('month', last_day) as date) + cast(due_day - 1 as int)
        else last_day
    end as next_due_on,
    next_due_month,
    due_day,
    is_notified
from month_end
