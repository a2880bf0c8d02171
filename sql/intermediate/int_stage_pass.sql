-- A stay of one account in one stage of one journey, with the pass it belongs to: a pass
-- begins when the account enters the journey and ends when no rule holds any more. Stays
-- outside belong to no pass.
-- grain: journey, account_id, entered_on
-- materialise: view
-- columns:
--   journey | text | key | journey
--   account_id | text | key | account
--   pass | integer | - | number of the pass
--   stage | text | - | stage
--   entered_on | date | day | first day of the stay
--   left_on | date | day | first day at whose end it was over; null while it goes on
with

numbered as (
    select
        *,
        sum(case when stage_number = 0 then 1 else 0 end) over (
            partition by journey, account_id order by entered_on
        ) as pass
    from int_stage_stay
)

select
    journey,
    account_id,
    pass,
    stage,
    entered_on,
    left_on
from numbered
where stage_number > 0
