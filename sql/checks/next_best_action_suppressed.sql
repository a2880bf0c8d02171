-- Proposals that must not be made: to people who are erased or gone, or of content that
-- the person saw within the days of suppression; and figures of content that moved
-- nothing.
-- severity: error
-- checks: next_best_action
with

seen as (
    select
        contact_id,
        content_id,
        max(day) as seen_on
    from int_content_touch
    where contact_id <> ''
    group by contact_id, content_id
)

select
    next_best_action.account_id,
    next_best_action.contact_id,
    next_best_action.content_id
from next_best_action
cross join cfg_list_rule
left join stg_contact on next_best_action.contact_id = stg_contact.contact_id
left join stg_erasure on next_best_action.contact_id = stg_erasure.contact_id
left join seen
    on next_best_action.contact_id = seen.contact_id
    and next_best_action.content_id = seen.content_id
where stg_contact.contact_id is null
    or stg_erasure.contact_id is not null
    or coalesce(stg_contact.left_on <= $as_of, false)
    or coalesce($as_of - seen.seen_on < cfg_list_rule.suppress_days, false)
    or next_best_action.decision <> 'proposed'
    or (
        next_best_action.reason = 'moved'
        and coalesce(next_best_action.difference_low <= 0, true)
    )
