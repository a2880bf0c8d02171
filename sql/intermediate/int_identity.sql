-- One link from what a source says to an account, with the rule that made it and what was
-- refused: an identity of events, where they do not name account and person themselves,
-- or one ticket or one answer to a survey. What leads nowhere is kept with nulls.
-- grain: source_table, row_key, account_id, contact_id, email
-- columns:
--   source_table | text | - | event, ticket or survey_response
--   row_key | text | key | ticket or answer; '' for events, which share an identity
--   account_id | text | key | account as the source names it, '' where it does not
--   contact_id | text | key | person as the source names them, '' where it does not
--   email | text | - | address as the source names it, '' where it does not
--   rows | integer | rows | events, tickets or answers of the link
--   found_account_id | text | key | account, null where nothing leads to one
--   found_contact_id | text | key | person, null where nothing leads to one
--   account_rule | text | - | rule that found the account
--   account_rank | integer | - | its rank, 1 = trusted most
--   contact_rule | text | - | rule that found the person
--   refused | list<text> | - | what other rules said and why they did not count
with

-- tickets and answers are few: what they name themselves can be corrected one by one
named as (
    select
        'ticket' as source_table,
        ticket_id as row_key,
        named_account_id,
        contact_id as named_contact_id,
        account_id,
        contact_id,
        account_rule
    from stg_ticket
    union all
    select
        'survey_response' as source_table,
        response_id as row_key,
        named_account_id,
        named_contact_id,
        account_id,
        contact_id,
        account_rule
    from stg_survey_response
),

ladder as (
    select
        named.*,
        stg_contact.account_id as person_account_id
    from named
    left join stg_contact on named.contact_id = stg_contact.contact_id
)

select
    'event' as source_table,
    '' as row_key,
    account_id,
    contact_id,
    email,
    events as rows,
    found_account_id,
    found_contact_id,
    account_rule,
    account_rank,
    contact_rule,
    refused
from int_found_identity
union all
select
    source_table,
    row_key,
    coalesce(named_account_id, '') as account_id,
    coalesce(named_contact_id, '') as contact_id,
    '' as email,
    cast(1 as bigint) as rows,
    account_id as found_account_id,
    contact_id as found_contact_id,
    account_rule,
    case account_rule
        when 'override' then cast(1 as bigint)
        when 'account_id' then cast(2 as bigint)
        when 'invitation' then cast(3 as bigint)
        when 'contact_id' then cast(4 as bigint)
    end as account_rank,
    case
        when contact_id is null then null
        when contact_id = named_contact_id then 'contact_id'
        else 'invitation'
    end as contact_rule,
    case
        when account_rule = 'override' and named_account_id <> account_id
            then make_array(concat('account_id: ', named_account_id))
        when person_account_id <> account_id
            then make_array(concat('contact_id: ', person_account_id))
        else arrow_cast(make_array(), 'List(Utf8)')
    end as refused
from ladder
