-- People to be asked for a favour who cannot or must not be: erased, gone, without an
-- answer of a promoter, or there twice.
-- severity: error
-- checks: advocate_list
select
    advocate_list.contact_id,
    advocate_list.account_id
from advocate_list
left join stg_contact on advocate_list.contact_id = stg_contact.contact_id
left join stg_erasure on advocate_list.contact_id = stg_erasure.contact_id
left join cfg_survey_metric on cfg_survey_metric.metric = 'nps'
where stg_contact.contact_id is null
    or stg_erasure.contact_id is not null
    or coalesce(stg_contact.left_on <= $as_of, false)
    or coalesce(advocate_list.score < cfg_survey_metric.good_from, true)
