-- One person who would recommend us and whom others listen to, at a customer that is
-- well: newest answer to the relationship survey's recommendation question that of a
-- promoter, a role with influence in the phase of use, a healthy tier, no severe ticket
-- open. Who has left or asked to be forgotten is never here.
-- grain: contact_id
-- columns:
--   rank | integer | - | 1 = first to ask: by influence, score, then the newest answer
--   contact_id | text | key | the person
--   account_id | text | key | the person's account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   segment | text | - | the account's segment
--   role | text | - | buying role
--   influence | float | 0-1 | what the role can move in the phase of use
--   score | integer | 0-10 | the answer
--   answered_on | date | day | its day
--   arr | decimal(38,4) | currency/year | annual revenue of the account
--   currency | text | ISO 4217 | currency of arr
--   why | text | - | the reason, in words of the pipeline's language
--   why_en | text | - | the same in English
--   why_ja | text | - | the same in Japanese
--   next_step | text | - | what to do
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   listed_since | date | day | first as-of day on the list without a break
--   task_key | text | key | account, advocate and person
--   status | text | - | listed, waiting (beyond the owner's capacity) or held_out
--   owner_position | integer | - | place among the owner's, kept out ones not counted
with

newest_answer as (
    select
        contact_id,
        account_id,
        score,
        responded_on,
        is_good
    from int_survey_answer
    where kind = 'relationship' and metric = 'nps'
        and contact_id is not null
        and responded_on <= $as_of
    qualify row_number() over (
        partition by contact_id
        order by responded_at desc nulls last, response_id desc
    ) = 1
),

promoter as (
    select
        stg_contact.contact_id,
        stg_contact.account_id,
        stg_contact.buying_role as role,
        cfg_influence.influence,
        newest_answer.score,
        newest_answer.responded_on as answered_on
    from cfg_list_rule
    cross join cfg_buying_group
    inner join cfg_influence
        on cfg_buying_group.customer_purchase = cfg_influence.purchase
        and cfg_buying_group.customer_phase = cfg_influence.phase
        and cfg_influence.influence >= cfg_list_rule.influence_from
    inner join stg_contact on cfg_influence.role = stg_contact.buying_role
    inner join newest_answer on stg_contact.contact_id = newest_answer.contact_id
    left anti join stg_erasure on stg_contact.contact_id = stg_erasure.contact_id
    where newest_answer.is_good
        and $as_of - newest_answer.responded_on < cfg_list_rule.advocate_answer_days
        and coalesce(stg_contact.left_on > $as_of, true)
),

ranked as (
    select
        cast(row_number() over (
            order by
                promoter.influence desc,
                promoter.score desc,
                promoter.answered_on desc,
                promoter.contact_id
        ) as bigint) as rank,
        promoter.*,
        int_list_account.account_name,
        int_list_account.owner_id,
        int_list_account.segment,
        int_list_account.arr,
        int_list_account.currency,
        cfg_list_limit.capacity,
        cfg_list_limit.hold_out and int_list_account.is_in_holdout as is_held_out,
        make_array(
            'role', promoter.role, 'who', promoter.contact_id,
            'score', cast(promoter.score as text),
            'day', cast(promoter.answered_on as text)
        ) as evidence
    from promoter
    inner join int_list_account on promoter.account_id = int_list_account.account_id
    inner join account_health on promoter.account_id = account_health.account_id
    inner join cfg_list_value
        on cfg_list_value.setting = 'advocate_tier'
        and account_health.tier = cfg_list_value.value
    inner join cfg_list_limit on cfg_list_limit.list = 'advocate'
    where int_list_account.is_paying and int_list_account.severe_tickets = 0
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
    placed.contact_id,
    placed.account_id,
    placed.account_name,
    placed.owner_id,
    placed.segment,
    placed.role,
    cast(placed.influence as double) as influence,
    placed.score,
    placed.answered_on,
    placed.arr,
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
    coalesce(prior_advocate_list.listed_since, $as_of) as listed_since,
    concat(placed.account_id, ':advocate:', placed.contact_id) as task_key,
    case
        when placed.owner_position > placed.capacity then 'waiting'
        when placed.is_held_out then 'held_out'
        else 'listed'
    end as status,
    placed.owner_position
from placed
inner join cfg_list_reason
    on cfg_list_reason.list = 'advocate' and cfg_list_reason.reason = 'promoter'
left join prior_advocate_list on placed.contact_id = prior_advocate_list.contact_id
