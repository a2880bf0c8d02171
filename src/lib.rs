//! kenko: nightly account health for B2B companies.
//!
//! The binary `kenko` reads Parquet extracts, runs the SQL under `sql/` in
//! DataFusion and publishes account health, churn risk and funnels as Parquet,
//! all or nothing. This library is the binary's inside; `ARCHITECTURE.md` says
//! which module may use which.

pub mod cli;
pub mod config;
pub mod engine;
pub mod error;
pub mod function;
pub mod handover;
pub mod model;
pub mod publish;
pub mod report;
pub mod run;
pub mod sample;
pub mod source;
pub mod step;
pub mod storage;
pub mod time;
