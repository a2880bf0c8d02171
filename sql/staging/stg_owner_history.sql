-- One span in which a person of ours owned an account. Of two spans that begin on the
-- same day the one that is still open is kept, then the first owner of the alphabet.
-- grain: account_id, valid_from
-- columns:
--   account_id | text | key | account
--   owner_id | text | key | the owner from valid_from on
--   valid_from | date | day | first day of ownership
--   valid_to | date | day | first day that is no longer theirs
select
    account_id,
    nullif(trim(owner_id), '') as owner_id,
    valid_from,
    valid_to
from raw_owner_history
where nullif(trim(owner_id), '') is not null
qualify row_number() over (
    partition by account_id, valid_from
    order by valid_to desc nulls first, nullif(trim(owner_id), '')
) = 1
