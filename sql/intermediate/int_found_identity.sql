-- One identity without an account or without a person, and whose it is today, by the most
-- trusted rule that says so, with what the other rules said. What leads nowhere is kept
-- with nulls, and counted. An account that the events name themselves is never changed
-- here: days of events are kept, and not asked again.
-- grain: account_id, contact_id, email
-- columns:
--   account_id | text | key | account the events name, '' where none
--   contact_id | text | key | person the events name, '' where none
--   email | text | - | address, '' where none
--   events | integer | events | events of the identity
--   found_account_id | text | key | account, null where nothing leads to one
--   found_contact_id | text | key | person, null where nothing leads to one
--   account_rule | text | - | rule that found the account
--   account_rank | integer | - | its rank, 1 = trusted most
--   contact_rule | text | - | rule that found the person
--   refused | list<text> | - | what other rules said and why they did not count
with

account as (
    select
        account_id,
        contact_id,
        email,
        candidate_account_id,
        rule,
        rule_rank
    from int_identity_candidate
    where candidate_account_id is not null or is_nobody
    qualify row_number() over (
        partition by account_id, contact_id, email
        order by rule_rank
    ) = 1
),

person as (
    select
        account_id,
        contact_id,
        email,
        candidate_contact_id,
        rule
    from int_identity_candidate
    where candidate_contact_id is not null
    qualify row_number() over (
        partition by account_id, contact_id, email
        order by rule_rank
    ) = 1
),

refusal as (
    select
        said.account_id,
        said.contact_id,
        said.email,
        array_agg(
            concat(said.rule, ': ', coalesce(said.objection, said.candidate_account_id))
            order by said.rule_rank
        ) as refused
    from int_identity_candidate as said
    left join account
        on said.account_id = account.account_id
        and said.contact_id = account.contact_id
        and said.email = account.email
    where said.objection is not null
        or (
            said.candidate_account_id is not null
            and coalesce(said.candidate_account_id <> account.candidate_account_id, true)
        )
    group by said.account_id, said.contact_id, said.email
)

select
    int_open_identity.account_id,
    int_open_identity.contact_id,
    int_open_identity.email,
    int_open_identity.events,
    account.candidate_account_id as found_account_id,
    person.candidate_contact_id as found_contact_id,
    account.rule as account_rule,
    account.rule_rank as account_rank,
    person.rule as contact_rule,
    coalesce(refusal.refused, arrow_cast(make_array(), 'List(Utf8)')) as refused
from int_open_identity
left join account
    on int_open_identity.account_id = account.account_id
    and int_open_identity.contact_id = account.contact_id
    and int_open_identity.email = account.email
left join person
    on int_open_identity.account_id = person.account_id
    and int_open_identity.contact_id = person.contact_id
    and int_open_identity.email = person.email
left join refusal
    on int_open_identity.account_id = refusal.account_id
    and int_open_identity.contact_id = refusal.contact_id
    and int_open_identity.email = refusal.email
