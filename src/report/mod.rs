//! Published tables as lists, explanations and pictures for people.
//!
//! Reads only what a commit names, checked by its hash; never runs a query and
//! never decides a number, but for the percentiles of the reference that `kenko
//! reference` freezes.

mod assign;
mod explain;
mod picture;
mod reference;
mod risk;
mod rows;

pub use assign::{Assignment, assign};
pub use explain::{Explanation, explain};
pub use picture::{FunnelPicture, JourneyPicture, funnel, journey};
pub use reference::reference;
pub use risk::{RiskFilter, risk_list};
pub use rows::Rows;

use crate::error::Result;
use crate::publish::{self, Commit};
use crate::storage::Storage;

async fn table(storage: &Storage, commit: &Commit, name: &str) -> Result<Rows> {
    let bytes = publish::read_table(storage, commit, name).await?;
    Rows::from_parquet(name, bytes)
}
