-- One content that somebody with a role saw in the first days of an account's stay in a
-- stage. The role `all` stands for anybody.
-- grain: journey, account_id, entered_on, content_id, role
-- columns:
--   journey | text | key | journey
--   account_id | text | key | account
--   entered_on | date | day | first day at whose end the account was in the stage
--   stage | text | - | stage
--   content_id | text | key | content
--   role | text | - | buying role, or all
--   moved | boolean | - | the account went on within the window after the landmark
select distinct
    int_content_stay.journey,
    int_content_stay.account_id,
    int_content_stay.entered_on,
    int_content_stay.stage,
    int_content_touch.content_id,
    case when reach.is_all then 'all' else int_content_touch.role end as role,
    int_content_stay.moved
from (values (true), (false)) as reach (is_all)
cross join int_content_stay
inner join int_content_touch
    on int_content_stay.journey = int_content_touch.journey
    and int_content_stay.account_id = int_content_touch.account_id
    and int_content_touch.day > int_content_stay.entered_on
    and int_content_touch.day <= int_content_stay.landmark_on
