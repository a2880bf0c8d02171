//! kenko: nightly account health for B2B companies.
//!
//! The binary `kenko` reads Parquet extracts, runs the SQL under `sql/` in
//! DataFusion and publishes account health, churn risk and funnels as Parquet,
//! all or nothing. This library is the binary's inside; `ARCHITECTURE.md` says
//! which module may use which.

pub mod error;
pub mod time;
