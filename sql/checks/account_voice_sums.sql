-- Accounts whose roles do not sum to the account, more answers than people, figures
-- outside what they can be, or an NPS although nobody answered whose role decides.
-- severity: error
-- checks: account_voice
with

by_role as (
    select
        account_id,
        sum(people) as people,
        sum(answered) as answered,
        sum(silent) as silent,
        sum(deciding_answered) as deciding_answered
    from account_voice
    where role <> 'all'
    group by account_id
)

select
    account_voice.account_id,
    account_voice.role,
    account_voice.people,
    account_voice.answered,
    account_voice.state,
    account_voice.weighted_nps,
    account_voice.shrunken_nps
from account_voice
left join by_role
    on account_voice.account_id = by_role.account_id and account_voice.role = 'all'
where account_voice.answered > account_voice.people
    or least(account_voice.promoters, account_voice.passives) < 0
    or account_voice.detractors < 0
    or account_voice.promoters + account_voice.passives + account_voice.detractors
        <> account_voice.answered
    or account_voice.score_mean not between 0 and 10
    or account_voice.heard_influence not between 0 and 1
    or account_voice.weighted_nps not between -100 and 100
    or account_voice.shrunken_low > account_voice.shrunken_nps + 1e-9
    or account_voice.shrunken_high < account_voice.shrunken_nps - 1e-9
    or account_voice.pull not between 0 and 1
    or (
        account_voice.role = 'all'
        and (
            (by_role.people is distinct from account_voice.people)
            or (by_role.answered is distinct from account_voice.answered)
            or (by_role.silent is distinct from account_voice.silent)
            or (
                by_role.deciding_answered
                is distinct from account_voice.deciding_answered
            )
            or (account_voice.state = 'value') <> (account_voice.shrunken_nps is not null)
            or (
                account_voice.deciding_answered = 0
                and coalesce(account_voice.weighted_nps, account_voice.shrunken_nps)
                    is not null
            )
        )
    )
