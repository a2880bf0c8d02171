-- Health of a group: an account that owns others, over its members that are customers, at
-- any distance and itself among them. Three views, because a mean hides a fire: the mean
-- by revenue, the worst of the members that are important, and the share of the revenue
-- that is in red. Revenue is compared in the pipeline's currency; a member in a currency
-- without a known rate, or that pays nothing, counts as a member and weighs nothing.
-- grain: account_id
-- columns:
--   account_id | text | key | the account at the top of the group
--   account_name | text | - | the account's name
--   owner_id | text | key | the person of ours who owns the account
--   segment | text | - | the company's own segment
--   members | integer | accounts | members that are customers
--   members_scored | integer | accounts | of these, with a score
--   members_unweighed | integer | accounts | without revenue that can be compared
--   score_mean | float | 0-100 | mean of the scores by revenue
--   arr_scored_share | float | 0-1 | share of the group's revenue that has a score
--   worst_account_id | text | key | important member with the lowest score
--   worst_score | float | 0-100 | its score
--   worst_tier | text | - | its tier
--   important_members | integer | accounts | with the share the pipeline asks for
--   red_members | integer | accounts | members in red
--   arr_red | decimal(38,4) | currency/year | revenue of the members in red
--   arr_red_share | float | 0-1 | share of the group's revenue in red
--   arr | decimal(38,4) | currency/year | revenue of the group, at the newest known rates
--   currency | text | ISO 4217 | the pipeline's currency
with

member as (
    select
        int_account_ancestor.ancestor_id as account_id,
        account_health.account_id as member_id,
        account_health.score,
        account_health.tier,
        cast(
            round(cast(account_health.arr as decimal(28,4)) * stg_fx_rate.rate, 4)
            as decimal(38,4)
        ) as arr
    from int_account_ancestor
    inner join int_account_hierarchy
        on int_account_ancestor.ancestor_id = int_account_hierarchy.account_id
        and int_account_hierarchy.children > 0
        and not int_account_hierarchy.is_circular
    inner join account_health
        on int_account_ancestor.account_id = account_health.account_id
    left join stg_fx_rate on account_health.currency = stg_fx_rate.currency
),

weighed as (
    select
        *,
        sum(arr) over (partition by account_id) as group_arr
    from member
),

judged as (
    select
        weighed.*,
        coalesce(
            weighed.group_arr > 0
            and cast(weighed.arr as double)
                >= cfg_health_setting.important_share * cast(weighed.group_arr as double),
            false
        ) as is_important
    from cfg_health_setting
    cross join weighed
),

worst as (
    select
        account_id,
        member_id,
        score,
        tier
    from judged
    where is_important and score is not null
    qualify row_number() over (partition by account_id order by score, member_id) = 1
),

summed as (
    select
        account_id,
        count(*) as members,
        count(score) as members_scored,
        count(*) filter (where coalesce(arr, 0) = 0) as members_unweighed,
        count(*) filter (where is_important) as important_members,
        count(*) filter (where tier = 'red') as red_members,
        coalesce(sum(arr), 0) as arr,
        coalesce(sum(arr) filter (where tier = 'red'), 0) as arr_red,
        coalesce(sum(arr) filter (where score is not null), 0) as arr_scored,
        sum(cast(cast(score as decimal(9,6)) * cast(arr as decimal(28,4))
            as decimal(38,8))) as score_points
    from judged
    group by account_id
)

select
    summed.account_id,
    stg_account.account_name,
    stg_account.owner_id,
    stg_account.segment,
    summed.members,
    summed.members_scored,
    summed.members_unweighed,
    case when summed.arr_scored > 0
        then cast(summed.score_points as double) / cast(summed.arr_scored as double)
    end as score_mean,
    case when summed.arr > 0
        then cast(summed.arr_scored as double) / cast(summed.arr as double)
    end as arr_scored_share,
    worst.member_id as worst_account_id,
    worst.score as worst_score,
    worst.tier as worst_tier,
    summed.important_members,
    summed.red_members,
    cast(summed.arr_red as decimal(38,4)) as arr_red,
    case when summed.arr > 0
        then cast(summed.arr_red as double) / cast(summed.arr as double)
    end as arr_red_share,
    cast(summed.arr as decimal(38,4)) as arr,
    cfg_pipeline.currency
from cfg_pipeline
cross join summed
left join worst on summed.account_id = worst.account_id
left join stg_account on summed.account_id = stg_account.account_id
