-- How the recurring revenue of one account moved in one month, per currency. The
-- account as a whole decides what a movement is: new when it pays for the first time
-- ever, reactivation when it paid once and pays again, churn when it stops paying
-- altogether; every other rise is expansion, every other fall contraction, so that
-- cancelling one of several contracts, or leaving one of two currencies, is
-- contraction. One row has at most one movement, so opening and movements give closing
-- to the last cent. The same once more in the pipeline's currency, every month at the
-- one newest rate, so that a change of the rate is no movement; null where no rate is
-- known, never zero.
-- grain: account_id, month, currency
-- columns:
--   account_id | text | key | the account
--   account_name | text | - | its name; null when the account extract lacks it
--   parent_account_id | text | key | the account that owns it, or itself
--   month | date | first day | the calendar month
--   ends_on | date | - | day at whose end closing is taken; the as-of day while it runs
--   is_complete | boolean | - | false while the month runs
--   currency | text | ISO 4217 | currency of every amount of the row
--   movement | text | - | new, expansion, contraction, churn, reactivation or none
--   opening | decimal(38,4) | currency/month | revenue at the end of the day before
--   new | decimal(38,4) | currency/month | first revenue of the account ever
--   expansion | decimal(38,4) | currency/month | rise of an account that paid before
--   contraction | decimal(38,4) | currency/month | fall of an account that still pays
--   churn | decimal(38,4) | currency/month | revenue of an account that pays no more
--   reactivation | decimal(38,4) | currency/month | revenue of an account that returned
--   closing | decimal(38,4) | currency/month | revenue at the end of the month
--   rate | decimal(24,10) | - | pipeline's currency for one unit; null where not known
--   rate_on | date | day | day of the rate; null for the pipeline's own currency
--   opening_converted | decimal(38,4) | pipeline currency/month | opening at the rate
--   new_converted | decimal(38,4) | pipeline currency/month | new
--   expansion_converted | decimal(38,4) | pipeline currency/month | expansion
--   contraction_converted | decimal(38,4) | pipeline currency/month | contraction
--   churn_converted | decimal(38,4) | pipeline currency/month | churn
--   reactivation_converted | decimal(38,4) | pipeline currency/month | reactivation
--   closing_converted | decimal(38,4) | pipeline currency/month | closing at the rate
with

account_states as (
    select
        *,
        closing - opening as change,
        max(opening) over (partition by account_id, month) > 0 as was_paying,
        max(closing) over (partition by account_id, month) > 0 as is_paying
    from int_mrr_month
),

-- both ends are rounded first and the movement is what lies between: rounding each
-- amount for itself would lose the last digit of the identity
converted as (
    select
        account_states.*,
        stg_fx_rate.rate,
        stg_fx_rate.valid_on as rate_on,
        cast(
            round(cast(opening as decimal(28, 4)) * stg_fx_rate.rate, 4) as decimal(38, 4)
        ) as opening_converted,
        cast(
            round(cast(closing as decimal(28, 4)) * stg_fx_rate.rate, 4) as decimal(38, 4)
        ) as closing_converted
    from account_states
    left join stg_fx_rate on account_states.currency = stg_fx_rate.currency
),

movements as (
    select
        *,
        case
            when change = 0 then 'none'
            when change > 0 and is_paying and not was_paying and first_paid_on >= month
                then 'new'
            when change > 0 and is_paying and not was_paying then 'reactivation'
            when change > 0 then 'expansion'
            when was_paying and not is_paying then 'churn'
            else 'contraction'
        end as movement,
        cast(abs(change) as decimal(38, 4)) as amount,
        cast(abs(closing_converted - opening_converted) as decimal(38, 4))
            as amount_converted,
        cast(0 as decimal(38, 4)) as nothing,
        -- nothing moved is a zero only where a rate is known
        case when rate is not null then cast(0 as decimal(38, 4)) end as nothing_converted
    from converted
)

select
    movements.account_id,
    stg_account.account_name,
    coalesce(stg_account.parent_account_id, movements.account_id) as parent_account_id,
    movements.month,
    cfg_month.ends_on,
    cfg_month.is_complete,
    movements.currency,
    movements.movement,
    movements.opening,
    case when movement = 'new' then amount else nothing end as new,
    case when movement = 'expansion' then amount else nothing end as expansion,
    case when movement = 'contraction' then amount else nothing end as contraction,
    case when movement = 'churn' then amount else nothing end as churn,
    case when movement = 'reactivation' then amount else nothing end as reactivation,
    movements.closing,
    movements.rate,
    movements.rate_on,
    movements.opening_converted,
    case when movement = 'new' then amount_converted else nothing_converted end
        as new_converted,
    case when movement = 'expansion' then amount_converted else nothing_converted end
        as expansion_converted,
    case when movement = 'contraction' then amount_converted else nothing_converted end
        as contraction_converted,
    case when movement = 'churn' then amount_converted else nothing_converted end
        as churn_converted,
    case when movement = 'reactivation' then amount_converted else nothing_converted end
        as reactivation_converted,
    movements.closing_converted
from movements
inner join cfg_month on movements.month = cfg_month.month
left join stg_account on movements.account_id = stg_account.account_id
