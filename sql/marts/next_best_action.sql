-- One proposal: which content to show to which person of an account next. A person of
-- ours decides; nothing is sent. Of the content that people in this role look at in the
-- stages in which the account is (one in each journey), the one after which accounts
-- moved on most surely (low end of the interval above zero); where no content shows a
-- difference, the one that most accounts look at, and the reason says so. Left out is
-- what the person saw or was sent lately, who was spoken to in these days, who has left
-- or asked to be forgotten, and whose account waits for a severe ticket.
-- grain: account_id, contact_id
-- columns:
--   rank | integer | - | 1 = first: what moved before what is seen, then by influence
--   account_id | text | key | the account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who decides
--   contact_id | text | key | the person to approach
--   role | text | - | role in the purchase
--   influence | float | 0-1 | what the role can move in this purchase and phase
--   journey | text | - | journey in whose stage the account is
--   stage | text | - | the account's stage in it today
--   content_id | text | key | content to show
--   reason | text | - | moved (accounts moved on more often) or seen (most looked at)
--   evidence_role | text | - | the role of that figure, all where the role has too few
--   difference | float | -1-1 | share that moved on, seen less unseen; null for seen
--   difference_low | float | -1-1 | low end of its 95 % interval
--   difference_high | float | -1-1 | high end of its 95 % interval
--   n | integer | - | moved: stays with an early view; seen: accounts
--   decision | text | - | proposed: a person decides
--   why | text | - | the reason, in words of the pipeline's language
--   why_en | text | - | the same in English
--   why_ja | text | - | the same in Japanese
--   next_step | text | - | what is proposed
--   next_step_en | text | - | the same in English
--   next_step_ja | text | - | the same in Japanese
--   task_key | text | key | account, next_best_action, person and content
--   status | text | - | listed, waiting (beyond the owner's capacity) or held_out
--   owner_position | integer | - | place among the owner's, kept out ones not counted
with

-- the best of the journeys, in the order of int_content_rank
best as (
    select *
    from int_action_content
    qualify row_number() over (
        partition by account_id, contact_id
        order by
            is_moved desc,
            evidence_role = 'all',
            case when is_moved then difference_low end desc nulls last,
            accounts desc,
            content_id,
            journey
    ) = 1
),

chosen as (
    select best.*
    from cfg_list_rule
    cross join best
    qualify row_number() over (
        partition by best.account_id
        order by best.is_moved desc, best.influence desc, best.contact_id
    ) <= cfg_list_rule.actions_per_account
),

ranked as (
    select
        cast(row_number() over (
            order by is_moved desc, influence desc,
                difference_low desc nulls last, account_id, contact_id
        ) as bigint) as rank,
        chosen.*,
        case when is_moved then 'moved' else 'seen' end as reason,
        case when is_moved then stays_seen else accounts end as n,
        cfg_list_limit.capacity,
        cfg_list_limit.hold_out and is_in_holdout as is_held_out,
        make_array(
            'stage', stage, 'role', evidence_role, 'content', content_id,
            'who', contact_id,
            'percent', cast(cast(round(100 * difference) as bigint) as text),
            'n', cast(case when is_moved then stays_seen else accounts end as text)
        ) as evidence
    from chosen
    inner join cfg_list_limit on cfg_list_limit.list = 'next_best_action'
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
    rank,
    account_id,
    account_name,
    owner_id,
    contact_id,
    role,
    cast(influence as double) as influence,
    journey,
    stage,
    content_id,
    placed.reason,
    evidence_role,
    case when is_moved then difference end as difference,
    case when is_moved then difference_low end as difference_low,
    case when is_moved then difference_high end as difference_high,
    n,
    'proposed' as decision,
    phrased(why, evidence, words) as why,
    phrased(why_en, evidence, words_en) as why_en,
    phrased(why_ja, evidence, words_ja) as why_ja,
    phrased(next_step, evidence, words) as next_step,
    phrased(next_step_en, evidence, words_en) as next_step_en,
    phrased(next_step_ja, evidence, words_ja) as next_step_ja,
    concat(account_id, ':next_best_action:', contact_id, '/', content_id) as task_key,
    case
        when owner_position > capacity then 'waiting'
        when is_held_out then 'held_out'
        else 'listed'
    end as status,
    owner_position
from placed
inner join cfg_list_reason
    on cfg_list_reason.list = 'next_best_action'
    and placed.reason = cfg_list_reason.reason
