-- How the recurring revenue of one group, an account with those it owns, moved in one
-- month, per currency. The group as a whole decides what a movement is: when one
-- company of a group leaves and another stays, the group has shrunk and not left, and a
-- contract that moves from one to the other is no movement at all.
-- grain: parent_account_id, month, currency
-- columns:
--   parent_account_id | text | key | the account that owns the others, or the only one
--   month | date | first day | the calendar month
--   ends_on | date | - | day at whose end closing is taken; the as-of day while it runs
--   is_complete | boolean | - | false while the month runs
--   currency | text | ISO 4217 | currency of every amount of the row
--   accounts | integer | accounts | accounts of the group that paid at either end
--   movement | text | - | new, expansion, contraction, churn, reactivation or none
--   opening | decimal(38,4) | currency/month | revenue at the end of the day before
--   new | decimal(38,4) | currency/month | first revenue of the group ever
--   expansion | decimal(38,4) | currency/month | rise of a group that paid before
--   contraction | decimal(38,4) | currency/month | fall of a group that still pays
--   churn | decimal(38,4) | currency/month | revenue of a group that pays no more
--   reactivation | decimal(38,4) | currency/month | revenue of a group that returned
--   closing | decimal(38,4) | currency/month | revenue at the end of the month
with

member as (
    select
        int_mrr_month.*,
        coalesce(stg_account.parent_account_id, int_mrr_month.account_id)
            as parent_account_id
    from int_mrr_month
    left join stg_account on int_mrr_month.account_id = stg_account.account_id
),

-- of every account that ever paid, also of those that do not in these months
first_paid as (
    select
        coalesce(stg_account.parent_account_id, int_first_payment.account_id)
            as parent_account_id,
        min(int_first_payment.first_paid_on) as first_paid_on
    from int_first_payment
    left join stg_account on int_first_payment.account_id = stg_account.account_id
    group by coalesce(stg_account.parent_account_id, int_first_payment.account_id)
),

months as (
    select
        parent_account_id,
        currency,
        month,
        count(distinct account_id) as accounts,
        cast(sum(opening) as decimal(38, 4)) as opening,
        cast(sum(closing) as decimal(38, 4)) as closing
    from member
    group by parent_account_id, currency, month
),

group_states as (
    select
        *,
        closing - opening as change,
        max(opening) over (partition by parent_account_id, month) > 0 as was_paying,
        max(closing) over (partition by parent_account_id, month) > 0 as is_paying
    from months
),

movements as (
    select
        group_states.*,
        case
            when change = 0 then 'none'
            when change > 0 and is_paying and not was_paying
                and first_paid.first_paid_on >= group_states.month
                then 'new'
            when change > 0 and is_paying and not was_paying then 'reactivation'
            when change > 0 then 'expansion'
            when was_paying and not is_paying then 'churn'
            else 'contraction'
        end as movement,
        cast(abs(change) as decimal(38, 4)) as amount,
        cast(0 as decimal(38, 4)) as nothing
    from group_states
    left join first_paid
        on group_states.parent_account_id = first_paid.parent_account_id
)

select
    movements.parent_account_id,
    movements.month,
    cfg_month.ends_on,
    cfg_month.is_complete,
    movements.currency,
    movements.accounts,
    movements.movement,
    movements.opening,
    case when movement = 'new' then amount else nothing end as new,
    case when movement = 'expansion' then amount else nothing end as expansion,
    case when movement = 'contraction' then amount else nothing end as contraction,
    case when movement = 'churn' then amount else nothing end as churn,
    case when movement = 'reactivation' then amount else nothing end as reactivation,
    movements.closing
from movements
inner join cfg_month on movements.month = cfg_month.month
