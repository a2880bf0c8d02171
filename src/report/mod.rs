//! Published tables as lists, explanations and pictures for people.
//!
//! Reads only what a commit names, checked by its hash; never runs a query and
//! never decides a number, but for the percentiles of the reference that `kenko
//! reference` freezes.

mod archive;
mod assign;
mod explain;
mod heading;
mod lists;
mod picture;
mod reader;
mod reference;
mod rows;
mod sheet;
mod workbook;

pub use assign::{Assigned, Assignment, assign};
pub use explain::{Explanation, explain};
pub use heading::heading;
pub use lists::{LISTS, List, ListFilter, list, list_named, list_of};
pub use picture::{FunnelPicture, JourneyPicture, funnel, journey};
pub use reader::for_reader;
pub use reference::reference;
pub use rows::Rows;
pub use sheet::csv;
pub use workbook::xlsx;

use crate::error::Result;
use crate::publish::{self, Commit};
use crate::storage::Storage;

async fn table(storage: &Storage, commit: &Commit, name: &str) -> Result<Rows> {
    let bytes = publish::read_table(storage, commit, name).await?;
    Rows::from_parquet(name, bytes)
}
