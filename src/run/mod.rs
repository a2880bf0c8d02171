//! One night: freeze the extracts, build the models, check them, publish.
//!
//! Everything that decides *whether* something is published is here; how a
//! query runs is `engine`'s, how a commit survives is `publish`'s. Nothing here
//! knows what a health score is.

mod backfill;
mod backtest;
mod by_cutoff;
mod check;
mod cutoff;
mod days;
mod due;
mod execute;
mod ground;
mod inputs;
mod key;
mod limited;
mod memory;
mod night;
mod past;
mod plan;
mod preview;
mod progress;
mod project;
mod prune;
mod published;
mod record;
mod reuse;
mod schedule;
mod shift;
mod span_key;
mod state;
mod train;
mod trained;
mod verify;

pub use backfill::{Backfill, BackfilledDay, backfill, days_between};
pub use backtest::{Backtest, backtest};
pub use check::CheckResult;
pub use cutoff::{CutoffRequest, CutoffResult, Cutoffs, WantedModels, cutoffs};
pub use due::{Due, Rest, due};
pub use execute::ModelResult;
pub use night::{Outcome, RunOptions, RunReport, run, run_on};
pub use plan::{Plan, PlannedModel, PlannedSource, PlannedWork, Reason, plan};
pub use preview::{Validated, validate};
pub use progress::{Event, Observer, Silent};
pub use project::Project;
pub use prune::{PruneOptions, prune};
pub use published::{QueryOptions, query_published};
pub use schedule::{Notice, ScheduleOptions, Scheduled, Settle, run_due, run_when_due, scheduled};
pub use train::{TrainReport, train};
pub use verify::{Verified, verify};

use crate::engine::Statement;
use crate::model::Model;
use crate::time::EpochDays;

/// A model's query for one business day.
fn statement(model: &Model, as_of: EpochDays) -> Statement<'_> {
    Statement {
        name: &model.name,
        file: &model.file,
        sql: &model.sql,
        as_of,
    }
}
