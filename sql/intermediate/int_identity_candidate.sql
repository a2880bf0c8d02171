-- What one rule says of an open identity: an account, a person, or why it says nothing.
-- In the order of trust: the account that the events name; a correction of the address;
-- the account of the person that the events name; the contact table's only owner of the
-- address; the only account with its domain, unless anybody gets an address there. Rules
-- that have nothing to say have no row.
-- grain: account_id, contact_id, email, rule
-- columns:
--   account_id | text | key | account the events name, '' where none
--   contact_id | text | key | person the events name, '' where none
--   email | text | - | address, '' where none
--   rule | text | - | account_id, override, contact_id, email or domain
--   rule_rank | integer | - | 1 = trusted most
--   candidate_account_id | text | key | account by this rule
--   candidate_contact_id | text | key | person by this rule
--   objection | text | - | why the rule names no account, or no person
--   is_nobody | boolean | - | a correction says that it belongs to no account
with

address as (
    select
        email,
        count(*) as contacts,
        count(distinct account_id) as accounts,
        min(contact_id) as contact_id,
        min(account_id) as account_id
    from stg_contact
    where email is not null
    group by email
),

domain_holder as (
    select
        domain,
        count(*) as accounts,
        min(account_id) as account_id
    from stg_account
    where domain is not null
    group by domain
),

said as (
    select
        int_open_identity.account_id,
        int_open_identity.contact_id,
        int_open_identity.email,
        ladder.rule,
        ladder.rule_rank,
        case ladder.rule
            when 'account_id' then nullif(int_open_identity.account_id, '')
            when 'override' then coalesce(right_account.value, right_person.account_id)
            when 'contact_id' then named_contact.account_id
            when 'email' then case when address.accounts = 1 then address.account_id end
            when 'domain' then case
                when right_domain.row_key is not null then right_domain.value
                when cfg_shared_domain.domain is null and domain_holder.accounts = 1
                    then domain_holder.account_id
            end
        end as candidate_account_id,
        case ladder.rule
            when 'override' then right_contact.value
            when 'contact_id' then nullif(int_open_identity.contact_id, '')
            when 'email' then case when address.contacts = 1 then address.contact_id end
        end as candidate_contact_id,
        case
            when ladder.rule = 'email' and address.contacts > 1
                then concat(cast(address.contacts as text), ' people have the address')
            when ladder.rule <> 'domain' or right_domain.row_key is not null then null
            when cfg_shared_domain.domain is not null then 'anybody gets an address there'
            when domain_holder.accounts > 1
                then concat(cast(domain_holder.accounts as text), ' accounts have it')
        end as objection,
        ladder.rule = 'override'
            and right_account.row_key is not null
            and right_account.value is null as is_nobody
    from (
        values
            ('account_id', cast(1 as bigint)),
            ('override', cast(2 as bigint)),
            ('contact_id', cast(3 as bigint)),
            ('email', cast(4 as bigint)),
            ('domain', cast(5 as bigint))
    ) as ladder (rule, rule_rank)
    cross join int_open_identity
    left join stg_override as right_account
        on int_open_identity.email = right_account.row_key
        and right_account.table_name = 'email'
        and right_account.column_name = 'account_id'
    left join stg_override as right_contact
        on int_open_identity.email = right_contact.row_key
        and right_contact.table_name = 'email'
        and right_contact.column_name = 'contact_id'
    left join stg_contact as right_person
        on right_contact.value = right_person.contact_id
    left join stg_contact as named_contact
        on int_open_identity.contact_id = named_contact.contact_id
    left join address on int_open_identity.email = address.email
    left join stg_override as right_domain
        on int_open_identity.email_domain = right_domain.row_key
        and right_domain.table_name = 'domain'
        and right_domain.column_name = 'account_id'
    left join cfg_shared_domain
        on int_open_identity.email_domain = cfg_shared_domain.domain
    left join domain_holder on int_open_identity.email_domain = domain_holder.domain
)

select
    account_id,
    contact_id,
    email,
    rule,
    rule_rank,
    candidate_account_id,
    candidate_contact_id,
    objection,
    is_nobody
from said
where candidate_account_id is not null
    or candidate_contact_id is not null
    or objection is not null
    or is_nobody
