-- From a day on, so many more (or fewer) facts speak for one condition of a stage rule:
-- contracts, renewals, deals, tickets and answers of one account. A fact speaks from the
-- end of its first day until it is over; days after as_of are left out.
-- grain: condition_number, account_id, day
-- columns:
--   condition_number | integer | key | condition of a rule
--   account_id | text | key | account
--   day | date | day | day from whose end on it is so
--   change | integer | facts | facts that begin to speak, less those that cease to
with

paying as (
    select
        cfg_stage_condition.condition_number,
        int_paid_run.account_id,
        int_paid_run.started_on + cfg_stage_condition.from_day as from_day,
        least(
            int_paid_run.ended_on, int_paid_run.started_on + cfg_stage_condition.to_day
        ) as to_day
    from cfg_stage_condition
    cross join int_paid_run
    where cfg_stage_condition.kind = 'paying'
),

renewal as (
    select
        cfg_stage_condition.condition_number,
        stg_subscription.account_id,
        greatest(
            stg_subscription.started_on,
            stg_subscription.renews_on - cfg_stage_condition.days
        ) as from_day,
        least(stg_subscription.ended_on, stg_subscription.renews_on + 1) as to_day
    from cfg_stage_condition
    cross join stg_subscription
    where cfg_stage_condition.kind = 'renewal'
        and stg_subscription.mrr > 0
        and stg_subscription.renews_on is not null
),

open_deal as (
    select
        cfg_stage_deal.condition_number,
        int_deal_stay.account_id,
        int_deal_stay.from_day,
        int_deal_stay.to_day
    from cfg_stage_condition
    inner join cfg_stage_deal
        on cfg_stage_condition.condition_number = cfg_stage_deal.condition_number
    cross join int_deal_stay
    where cfg_stage_condition.kind = 'open_deal'
        and coalesce(cfg_stage_deal.type, int_deal_stay.type) = int_deal_stay.type
        and coalesce(cfg_stage_deal.stage, int_deal_stay.stage) = int_deal_stay.stage
),

won_deal as (
    select
        cfg_stage_condition.condition_number,
        stg_opportunity.account_id,
        stg_opportunity.close_on as from_day,
        stg_opportunity.close_on + cfg_stage_condition.days as to_day
    from cfg_stage_condition
    inner join cfg_stage_deal
        on cfg_stage_condition.condition_number = cfg_stage_deal.condition_number
    cross join stg_opportunity
    where cfg_stage_condition.kind = 'won_deal'
        and stg_opportunity.is_won
        and coalesce(cfg_stage_deal.type, stg_opportunity.type) = stg_opportunity.type
),

open_ticket as (
    select
        cfg_stage_condition.condition_number,
        stg_ticket.account_id,
        stg_ticket.opened_on + cfg_stage_condition.days as from_day,
        stg_ticket.resolved_on as to_day
    from cfg_stage_condition
    cross join stg_ticket
    where cfg_stage_condition.kind = 'open_ticket'
),

answer as (
    select
        cfg_stage_condition.condition_number,
        followed.account_id,
        followed.responded_on as from_day,
        least(
            followed.responded_on + cfg_stage_condition.days, followed.next_answer_on
        ) as to_day
    from cfg_stage_condition
    inner join int_followed_answer as followed
        on cfg_stage_condition.metric = followed.metric
        and coalesce(cfg_stage_condition.survey_kind, followed.kind) = followed.kind
    where (cfg_stage_condition.answer = 'good' and followed.is_good)
        or (cfg_stage_condition.answer = 'bad' and followed.is_bad)
),

fact as (
    select * from paying
    union all select * from renewal
    union all select * from open_deal
    union all select * from won_deal
    union all select * from open_ticket
    union all select * from answer
),

edge as (
    select condition_number, account_id, from_day as day, 1 as change
    from fact
    where from_day < coalesce(to_day, date '9999-12-31')
    union all
    select condition_number, account_id, to_day as day, -1 as change
    from fact
    where from_day < to_day
)

select
    condition_number,
    account_id,
    day,
    sum(change) as change
from edge
where day <= $as_of and account_id is not null
group by condition_number, account_id, day
