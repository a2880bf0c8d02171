//! One night: plan, execute, check, publish.
