-- How many things of two groups belong to the same account: a join through a key that
-- repeats, so that more rows come out than go in.
-- grain: group_id
-- columns:
--   group_id | integer | key | group of what is known of the account
--   things | integer | things | things of its accounts
--   longest_note | text | - | the last of their texts
select
    stg_known.group_id,
    count(*) as things,
    max(concat(stg_thing.note, stg_known.note)) as longest_note
from stg_thing
inner join stg_known on stg_thing.account_id = stg_known.account_id
group by stg_known.group_id
