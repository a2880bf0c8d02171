-- One account that nothing but its health forbids to sell more to: it pays, has no severe
-- ticket open, does not decline, and nobody is selling more to it already. Health is not
-- known here: the list looks it up where it is published.
-- grain: account_id
-- columns:
--   account_id | text | key | account
--   account_name | text | - | its name
--   owner_id | text | key | the person of ours who owns it
--   segment | text | - | its segment, whose other paying accounts are its peers
--   is_in_holdout | boolean | - | of the share that is kept out of lists
--   currency | text | ISO 4217 | currency of its revenue
--   rate | decimal(24,10) | - | pipeline's currency for one unit, null where not known
--   renews_on | date | day | next renewal
with

open_deal as (
    select distinct account_id
    from stg_opportunity
    where is_won is null and type = 'expansion' and account_id is not null
)

select
    int_list_account.account_id,
    int_list_account.account_name,
    int_list_account.owner_id,
    int_list_account.segment,
    int_list_account.is_in_holdout,
    int_list_account.currency,
    int_list_account.rate,
    int_account_commercial.renews_on
from int_list_account
inner join int_account_commercial
    on int_list_account.account_id = int_account_commercial.account_id
    and int_account_commercial.as_of = $as_of
left anti join open_deal on int_list_account.account_id = open_deal.account_id
where int_list_account.is_paying
    and int_list_account.severe_tickets = 0
    and not int_list_account.is_declining
