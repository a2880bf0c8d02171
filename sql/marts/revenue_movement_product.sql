-- How the recurring revenue of one product at one account moved in one month, per
-- currency. What a movement is called is decided by the account as a whole, as in
-- revenue_movement: a second product is expansion, one of two given up is contraction.
-- Rises and falls of several products are not set off here, so that expansion less
-- contraction, not each of them, is what revenue_movement has.
-- grain: account_id, month, currency, product_id
-- columns:
--   account_id | text | key | the account
--   parent_account_id | text | key | the account that owns it, or itself
--   product_id | text | key | the product; unknown where the contract names none
--   month | date | first day | the calendar month
--   ends_on | date | - | day at whose end closing is taken; the as-of day while it runs
--   is_complete | boolean | - | false while the month runs
--   currency | text | ISO 4217 | currency of every amount of the row
--   movement | text | - | new, expansion, contraction, churn, reactivation or none
--   is_product_gained | boolean | - | the account did not pay for the product before
--   is_product_lost | boolean | - | the account pays for the product no more
--   opening | decimal(38,4) | currency/month | revenue at the end of the day before
--   new | decimal(38,4) | currency/month | rise in the account's first month ever
--   expansion | decimal(38,4) | currency/month | rise at an account that paid before
--   contraction | decimal(38,4) | currency/month | fall at an account that still pays
--   churn | decimal(38,4) | currency/month | fall at an account that pays no more
--   reactivation | decimal(38,4) | currency/month | rise at an account that returned
--   closing | decimal(38,4) | currency/month | revenue at the end of the month
with

account_states as (
    select
        account_id,
        month,
        max(opening) > 0 as was_paying,
        max(closing) > 0 as is_paying,
        min(first_paid_on) as first_paid_on
    from int_mrr_month
    group by account_id, month
),

movements as (
    select
        int_mrr_product_month.*,
        cast(abs(closing - opening) as decimal(38, 4)) as amount,
        cast(0 as decimal(38, 4)) as nothing,
        -- an account whose contracts cancel each other out pays nothing in int_mrr_month
        coalesce(account_states.was_paying, false) as was_paying,
        coalesce(account_states.is_paying, false) as is_paying,
        case
            when closing = opening then 'none'
            when closing > opening and is_paying and not was_paying
                and first_paid_on >= int_mrr_product_month.month
                then 'new'
            when closing > opening and is_paying and not was_paying then 'reactivation'
            when closing > opening then 'expansion'
            when was_paying and not is_paying then 'churn'
            else 'contraction'
        end as movement
    from int_mrr_product_month
    left join account_states
        on
            int_mrr_product_month.account_id = account_states.account_id
            and int_mrr_product_month.month = account_states.month
)

select
    movements.account_id,
    coalesce(stg_account.parent_account_id, movements.account_id) as parent_account_id,
    movements.product_id,
    movements.month,
    cfg_month.ends_on,
    cfg_month.is_complete,
    movements.currency,
    movements.movement,
    movements.opening <= 0 and movements.closing > 0 as is_product_gained,
    movements.opening > 0 and movements.closing <= 0 as is_product_lost,
    movements.opening,
    case when movement = 'new' then amount else nothing end as new,
    case when movement = 'expansion' then amount else nothing end as expansion,
    case when movement = 'contraction' then amount else nothing end as contraction,
    case when movement = 'churn' then amount else nothing end as churn,
    case when movement = 'reactivation' then amount else nothing end as reactivation,
    movements.closing
from movements
inner join cfg_month on movements.month = cfg_month.month
left join stg_account on movements.account_id = stg_account.account_id
