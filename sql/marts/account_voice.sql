-- What the people of one account say, role by role and together: who was asked, who
-- answered, who stays silent, and how the roles differ. Listening only to the daily
-- contact hides unhappy executives and unhappy users. The newest relationship answer of
-- each person who is still there counts. For the account as a whole stand two figures:
-- NPS weighted by the influence of each role in the purchase the account is in, and NPS
-- seen together with all other accounts, with an interval that says what few answers are
-- worth. Both are withheld where nobody answered whose role decides. Nobody was heard
-- because the asked stay silent, because they had no time yet (unheard), because nobody
-- was asked (not_asked), or nobody knows, without the extract of invitations (unknown).
-- grain: account_id, role
-- columns:
--   account_id | text | key | account
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   role | text | - | role in the purchase, all for the account as a whole
--   purchase | text | - | purchase by which influence is judged; null for none
--   phase | text | - | phase of that purchase
--   influence | float | 0-1 | of the role; for all, the largest of them
--   decides | boolean | - | the role's answer decides; for all, anybody's does
--   people | integer | people | people who are there
--   asked | integer | people | of these, asked; null without the extract of invitations
--   answered | integer | people | of these, with an answer that counts
--   silent | integer | people | asked, had time, heard of in no survey; null as asked
--   silent_share | float | 0-1 | silent / asked about anything; null for few, or a role
--   promoters | integer | people | whose newest answer is a promoter's
--   passives | integer | people | neither
--   detractors | integer | people | whose newest answer is a detractor's
--   score_mean | float | 0-10 | mean of the newest answers
--   deciding_people | integer | people | people whose role decides
--   deciding_answered | integer | people | of these, with an answer
--   deciding_silent | integer | people | of these, silent; null as asked
--   heard_influence | float | 0-1 | influence of roles heard / of all roles there
--   state | text | - | value, insufficient, too_few_accounts, or why nobody was heard
--   weighted_nps | float | points -100-100 | by influence; role all only
--   shrunken_nps | float | points -100-100 | seen with all accounts; role all only
--   shrunken_low | float | points -100-100 | low end of its 95 % interval
--   shrunken_high | float | points -100-100 | high end of its 95 % interval
--   pull | float | 0-1 | share of the common mean in it
--   is_divided | boolean | - | a role is for us and another against; role all only
with

role as (
    select
        *,
        cast(influence as double) * n / greatest(n, 1) as heard,
        cast(influence as double) * (good - bad) / greatest(n, 1) as verdict
    from int_voice_role
),

-- sums of decimals, so that the order of roles changes nothing
whole as (
    select
        account_id,
        max(influence) as influence,
        bool_or(decides) as decides,
        sum(people) as people,
        sum(asked) as asked, sum(silent) as silent,
        sum(n) as n,
        sum(good) as good, sum(bad) as bad,
        sum(score_sum) as score_sum,
        coalesce(sum(people) filter (where decides), 0) as deciding_people,
        coalesce(sum(n) filter (where decides), 0) as deciding_answered,
        case when count(silent) = count(*) or not bool_or(decides)
            then coalesce(sum(silent) filter (where decides), 0)
        end as deciding_silent,
        sum(cast(influence as decimal(38,4))) as influence_sum,
        sum(cast(heard as decimal(38,4))) as heard_sum,
        sum(cast(verdict as decimal(38,9))) as verdict_sum,
        bool_or(good > bad) and bool_or(good < bad) as is_divided
    from role
    group by account_id
),

judged as (
    select
        whole.*,
        int_account_nps.value,
        int_account_nps.low,
        int_account_nps.high,
        int_account_nps.pull,
        case
            when whole.n > 0 and whole.deciding_answered = 0 then 'insufficient'
            when whole.n > 0 and int_account_nps.account_id is null
                then 'too_few_accounts'
            when whole.n > 0 then 'value'
            when whole.silent > 0 then 'silent'
            when whole.asked > 0 then 'unheard'
            when whole.asked = 0 then 'not_asked'
            else 'unknown'
        end as state
    from whole
    left join int_account_nps on whole.account_id = int_account_nps.account_id
),

voice as (
    select
        account_id, 'all' as role, influence, decides, people, asked, n, silent, good,
        bad, score_sum, deciding_people, deciding_answered, deciding_silent,
        cast(heard_sum as double) / nullif(cast(influence_sum as double), 0)
            as heard_influence,
        state,
        case
            when state in ('value', 'too_few_accounts')
                then 100 * cast(verdict_sum as double) / cast(heard_sum as double)
        end as weighted_nps,
        case when state = 'value' then value end as shrunken_nps,
        case when state = 'value' then low end as shrunken_low,
        case when state = 'value' then high end as shrunken_high,
        case when state = 'value' then pull end as pull,
        is_divided
    from judged
    union all
    select
        account_id, role, influence, decides, people, asked, n, silent, good, bad,
        score_sum,
        case when decides then people else 0 end as deciding_people,
        case when decides then n else 0 end as deciding_answered,
        case when decides then silent else 0 end as deciding_silent,
        null as heard_influence,
        case
            when n > 0 then 'value'
            when silent > 0 then 'silent'
            when asked > 0 then 'unheard'
            when asked = 0 then 'not_asked'
            else 'unknown'
        end as state,
        null as weighted_nps,
        null as shrunken_nps, null as shrunken_low, null as shrunken_high, null as pull,
        cast(null as boolean) as is_divided
    from role
)

select
    voice.account_id, stg_account.account_name, stg_account.owner_id,
    voice.role, int_account_moment.purchase, int_account_moment.phase,
    cast(voice.influence as double) as influence,
    voice.decides,
    voice.people,
    voice.asked,
    voice.n as answered,
    voice.silent,
    case when voice.role = 'all' then int_account_voice.silent_share end as silent_share,
    voice.good as promoters,
    voice.n - voice.good - voice.bad as passives,
    voice.bad as detractors,
    cast(voice.score_sum as double) / nullif(voice.n, 0) as score_mean,
    voice.deciding_people,
    voice.deciding_answered,
    voice.deciding_silent,
    voice.heard_influence,
    voice.state,
    voice.weighted_nps,
    voice.shrunken_nps,
    voice.shrunken_low, voice.shrunken_high, voice.pull, voice.is_divided
from voice
inner join stg_account on voice.account_id = stg_account.account_id
left join int_account_voice
    on int_account_voice.as_of = $as_of
    and voice.account_id = int_account_voice.account_id
left join int_account_moment on voice.account_id = int_account_moment.account_id
