-- When one person of an account was last heard of: by an event, a ticket or a finished
-- answer to a survey. Persons who were never heard of have no row.
-- grain: account_id, contact_id
-- columns:
--   account_id | text | key | account
--   contact_id | text | key | person
--   first_seen_on | date | day | first day of a sign
--   last_seen_on | date | day | last day of a sign
with

sign_of_life as (
    -- the lowest and the highest bit of the days of a month
    select
        account_id,
        contact_id,
        month + cast(log2(days & -days) as integer) as first_on,
        month + cast(floor(log2(days)) as integer) as last_on
    from int_contact_month
    union all
    select account_id, contact_id, opened_on as first_on, opened_on as last_on
    from stg_ticket
    where account_id is not null and contact_id is not null
    union all
    select account_id, contact_id, responded_on as first_on, responded_on as last_on
    from stg_survey_response
    where is_finished and account_id is not null and contact_id is not null
)

select
    account_id,
    contact_id,
    min(first_on) as first_seen_on,
    max(last_on) as last_seen_on
from sign_of_life
where last_on <= $as_of
group by account_id, contact_id
