select * exclude (bits, logins), bit_count(bits) as features
from {{ ref("account_days") }}
