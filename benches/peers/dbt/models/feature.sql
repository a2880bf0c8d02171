select * exclude (cutoff) from {{ ref("features") }} where cutoff = {{ as_of() }}
