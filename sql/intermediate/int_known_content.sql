-- One content that a person saw or was sent so lately that it is not proposed again: by
-- what they touched, and by the proposals that the CRM has closed.
-- grain: contact_id, content_id
-- columns:
--   contact_id | text | key | the person
--   content_id | text | key | the content
select distinct
    int_content_touch.contact_id,
    int_content_touch.content_id
from cfg_list_rule
cross join int_content_touch
where int_content_touch.contact_id <> ''
    and $as_of - int_content_touch.day < cfg_list_rule.suppress_days
union
select
    split_part(stg_task.reason, '/', 1) as contact_id,
    substr(stg_task.reason, strpos(stg_task.reason, '/') + 1) as content_id
from cfg_list_rule
cross join stg_task
where stg_task.task_type = 'next_best_action'
    and stg_task.is_closed
    and coalesce(
        $as_of - stg_task.closed_on < cfg_list_rule.suppress_days, true
    )
