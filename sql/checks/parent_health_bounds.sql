-- Groups that contradict themselves: a mean or a share out of range, a mean below the
-- worst or above the best of the members, more revenue in red than there is, more members
-- of a kind than members, a worst member that is none.
-- severity: error
-- checks: parent_health
with

span as (
    select
        int_account_ancestor.ancestor_id as account_id,
        min(account_health.score) as lowest,
        max(account_health.score) as highest,
        count(*) as members
    from int_account_ancestor
    inner join account_health
        on int_account_ancestor.account_id = account_health.account_id
    group by int_account_ancestor.ancestor_id
)

select
    parent_health.account_id,
    parent_health.members,
    parent_health.score_mean,
    parent_health.worst_score,
    parent_health.arr_red,
    parent_health.arr
from parent_health
left join span on parent_health.account_id = span.account_id
where coalesce(parent_health.members <> span.members, true)
    or parent_health.members_scored > parent_health.members
    or parent_health.red_members > parent_health.members
    or parent_health.important_members > parent_health.members
    or parent_health.score_mean < span.lowest - 0.000001
    or parent_health.score_mean > span.highest + 0.000001
    or parent_health.worst_score < span.lowest
    or parent_health.arr_red > parent_health.arr
    or not coalesce(parent_health.arr_red_share between 0 and 1, true)
    or not coalesce(parent_health.arr_scored_share between 0 and 1, true)
    or (parent_health.worst_account_id is null) <> (parent_health.worst_score is null)
