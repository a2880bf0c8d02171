-- One account that stalls on its way: still in a stage of the journey in which nobody
-- should stay, for longer than nine of ten of its segment. Where nothing is usual yet
-- nobody is stuck.
-- grain: account_id
-- columns:
--   rank | integer | - | 1 = first to act on: by days beyond what is usual
--   account_id | text | key | the account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   segment | text | - | the account's segment
--   stage | text | - | stage it stalls in
--   entered_on | date | day | since when
--   days_in_stage | integer | days | for how long
--   usual_days_p90 | integer | days | within which nine of ten are through
--   returns | integer | times | how often it had been in the stage before
--   deal_id | text | key | its newest open deal, null where none is open
--   amount | decimal(38,4) | currency | value of that deal
--   currency | text | ISO 4217 | currency of amount
--   why | text | - | the reason, in words of the pipeline's language
--   why_en | text | - | the same in English
--   why_ja | text | - | the same in Japanese
--   next_step | text | - | what to do
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   listed_since | date | day | first as-of day on the list without a break
--   task_key | text | key | account, nurture and stage
--   status | text | - | listed, waiting (beyond the owner's capacity) or held_out
--   owner_position | integer | - | place among the owner's, kept out ones not counted
with

newest_deal as (
    select
        account_id,
        opportunity_id,
        amount,
        currency
    from stg_opportunity
    where is_won is null and account_id is not null
    qualify row_number() over (
        partition by account_id
        order by created_on desc nulls last, opportunity_id desc
    ) = 1
),

stalled as (
    select
        journey_stage.account_id,
        journey_stage.stage,
        journey_stage.entered_on,
        journey_stage.days_in_stage,
        journey_stage.usual_days_p90,
        journey_stage.returns
    from cfg_list_rule
    inner join journey_stage on cfg_list_rule.nurture_journey = journey_stage.journey
    inner join cfg_list_value
        on cfg_list_value.setting = 'nurture_stage'
        and journey_stage.stage = cfg_list_value.value
    where journey_stage.left_on is null and journey_stage.is_stuck
),

ranked as (
    select
        cast(row_number() over (
            order by
                stalled.days_in_stage - stalled.usual_days_p90 desc,
                stalled.account_id
        ) as bigint) as rank,
        stalled.*,
        int_list_account.account_name,
        int_list_account.owner_id,
        int_list_account.segment,
        newest_deal.opportunity_id as deal_id,
        cast(newest_deal.amount as decimal(38,4)) as amount,
        newest_deal.currency,
        cfg_list_limit.capacity,
        cfg_list_limit.hold_out and int_list_account.is_in_holdout as is_held_out,
        make_array(
            'days', cast(stalled.days_in_stage as text), 'stage', stalled.stage,
            'usual', cast(stalled.usual_days_p90 as text)
        ) as evidence
    from stalled
    inner join int_list_account on stalled.account_id = int_list_account.account_id
    inner join cfg_list_limit on cfg_list_limit.list = 'nurture'
    left join newest_deal on stalled.account_id = newest_deal.account_id
),

placed as (
    select
        *,
        count(*) filter (where not is_held_out) over (
            partition by owner_id
            order by rank
            rows between unbounded preceding and 1 preceding
        ) + 1 as owner_position
    from ranked
)

select
    placed.rank,
    placed.account_id,
    placed.account_name,
    placed.owner_id,
    placed.segment,
    placed.stage,
    placed.entered_on,
    placed.days_in_stage,
    placed.usual_days_p90,
    placed.returns,
    placed.deal_id,
    placed.amount,
    placed.currency,
    phrased(cfg_list_reason.why, placed.evidence, cfg_list_reason.words) as why,
    phrased(cfg_list_reason.why_en, placed.evidence, cfg_list_reason.words_en) as why_en,
    phrased(cfg_list_reason.why_ja, placed.evidence, cfg_list_reason.words_ja) as why_ja,
    phrased(cfg_list_reason.next_step, placed.evidence, cfg_list_reason.words)
        as next_step,
    phrased(cfg_list_reason.next_step_en, placed.evidence, cfg_list_reason.words_en)
        as next_step_en,
    phrased(cfg_list_reason.next_step_ja, placed.evidence, cfg_list_reason.words_ja)
        as next_step_ja,
    case
        when prior_nurture_list.stage = placed.stage then prior_nurture_list.listed_since
        else $as_of
    end as listed_since,
    concat(placed.account_id, ':nurture:', placed.stage) as task_key,
    case
        when placed.owner_position > placed.capacity then 'waiting'
        when placed.is_held_out then 'held_out'
        else 'listed'
    end as status,
    placed.owner_position
from placed
inner join cfg_list_reason
    on cfg_list_reason.list = 'nurture' and cfg_list_reason.reason = 'stuck'
left join prior_nurture_list on placed.account_id = prior_nurture_list.account_id
