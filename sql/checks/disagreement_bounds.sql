-- Disagreements without words, with a place in the words that no number filled, with
-- another number of signals than their rule names, or that began in the future.
-- severity: error
-- checks: disagreement
select
    disagreement.account_id,
    disagreement.rule,
    disagreement.reason,
    disagreement.signals,
    disagreement.since
from disagreement
left join cfg_disagreement on disagreement.rule = cfg_disagreement.rule
where coalesce(trim(disagreement.reason) = '', true)
    or strpos(disagreement.reason, '{') > 0
    or coalesce(cardinality(disagreement.signals) <> cfg_disagreement.signals, true)
    or coalesce(disagreement.since > $as_of, true)
