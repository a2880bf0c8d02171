-- One content that somebody with a role saw in the first days of a deal's stay in a
-- stage. The role `all` stands for anybody.
-- grain: opportunity_id, entered_at, stage, content_id, role
-- columns:
--   opportunity_id | text | key | deal
--   entered_at | timestamp | UTC | when the stage was entered
--   stage | text | - | stage
--   content_id | text | key | content
--   role | text | - | buying role, or all
--   moved | boolean | - | the deal stepped forward within the window after the landmark
select distinct
    int_content_stay.opportunity_id,
    int_content_stay.entered_at,
    int_content_stay.stage,
    int_content_touch.content_id,
    case when reach.is_all then 'all' else int_content_touch.role end as role,
    int_content_stay.moved
from (values (true), (false)) as reach (is_all)
cross join int_content_stay
inner join int_content_touch
    on int_content_stay.account_id = int_content_touch.account_id
    and int_content_touch.first_at >= int_content_stay.entered_at
    and int_content_touch.day <= int_content_stay.landmark_on
