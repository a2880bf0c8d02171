-- People who would be asked although they must not: erased, gone, without an address,
-- asked within the days of rest, or beyond the quota of their account.
-- severity: error
-- checks: survey_send_list
with

asked as (
    select
        contact_id,
        max(sent_on) as asked_on
    from stg_survey_invitation
    where delivered and contact_id is not null
    group by contact_id
),

listed as (
    select
        account_id,
        max(account_asked) + count(*) as people
    from survey_send_list
    where status = 'listed'
    group by account_id
)

select
    survey_send_list.contact_id,
    survey_send_list.account_id
from survey_send_list
cross join cfg_list_rule
left join stg_contact on survey_send_list.contact_id = stg_contact.contact_id
left join stg_erasure on survey_send_list.contact_id = stg_erasure.contact_id
left join asked on survey_send_list.contact_id = asked.contact_id
left join listed on survey_send_list.account_id = listed.account_id
where stg_contact.email is null
    or stg_erasure.contact_id is not null
    or coalesce(stg_contact.left_on <= $as_of, false)
    or coalesce($as_of - asked.asked_on < cfg_list_rule.rest_days, false)
    or (
        survey_send_list.status = 'listed'
        and coalesce(listed.people > cfg_list_rule.account_quota, false)
    )
