//! How a DataFusion session is set up: memory, spilling, SQL options, functions.
//!
//! It holds no table and runs nothing; that is [`super::Engine`].

use std::sync::Arc;

use datafusion::catalog::MemoryCatalogProviderList;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::TrackConsumersPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;

use super::exchange::Rule;
use super::memory_pool::RoomyPool;
use super::{Settings, aggregate, estimate, fault, one_phase, sort, whole_partition};
use crate::error::{Error, ErrorKind, Result};
use crate::function;

/// DataFusion's session; clones share tables and memory.
#[expect(
    clippy::disallowed_types,
    reason = "this is the one place that names the session"
)]
pub type Session = datafusion::execution::context::SessionContext;

/// Functions that answer differently each time they are asked: a run of last
/// March must give last March's answer, so they do not exist here.
pub(super) const VOLATILE: [&str; 6] = [
    "now",
    "current_date",
    "current_time",
    "current_timestamp",
    "random",
    "uuid",
];

/// Rows in a batch between operators: DataFusion's own default, fixed because
/// results must not depend on the version's.
const BATCH_ROWS: usize = 8192;

/// A file larger than this is read by several threads.
const SPLIT_BYTES: usize = 1 << 20;

/// What every stream that sorts holds back for merging what it spilled, at
/// most; a small pool holds back less, or two sorts could not even begin.
const SORT_RESERVE_BYTES: usize = 10 << 20;

/// What a merge holds of each run that a sort wrote to disk, as a rule: two batches with
/// room to read them.
const MERGED_RUN_BYTES: usize = 2 << 20;

/// The largest consumers that an error of exhausted memory names.
const CONSUMERS_NAMED: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN.saturating_add(2);

/// Opens a session with no tables.
///
/// # Errors
/// [`ErrorKind::Resources`] when the scratch folder cannot be used.
pub fn open(settings: &Settings) -> Result<Session> {
    let pool_bytes = usize::try_from(settings.memory_bytes / 4).unwrap_or(usize::MAX);
    let threads = settings.threads.max(1);
    let pool = TrackConsumersPool::new(RoomyPool::new(pool_bytes), CONSUMERS_NAMED);
    let scratch = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::Directories(vec![settings.scratch.clone()]))
        .with_max_temp_directory_size(u64::MAX)
        .with_max_spill_merge_fan_in(runs_merged(pool_bytes, threads));
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(scratch)
        .with_object_list_cache_limit(0)
        .with_file_statistics_cache_limit(0)
        .build_arc()
        .map_err(|cause| {
            Error::new(
                ErrorKind::Resources,
                format!(
                    "cannot use the folder `{}` for spilling",
                    settings.scratch.display()
                ),
            )
            .with_hint("name a writable folder with free space by `--scratch`")
            .with_source(fault::Cause::of(&cause))
        })?;
    let state = SessionStateBuilder::new()
        .with_config(config(threads, pool_bytes))
        .with_runtime_env(runtime)
        .with_default_features()
        .with_physical_optimizer_rules(with_our_operators(one_phase::rules()))
        .with_statistics_registry(estimate::registry())
        .build();
    let mut session = Session::new_with_state(state);
    for name in VOLATILE {
        session.deregister_udf(name);
    }
    function::register_all(&mut session, &settings.zone, &settings.days).map_err(|cause| {
        Error::bug("cannot register kenko's functions").with_source(fault::Cause::of(&cause))
    })?;
    for function in aggregate::all() {
        session.register_udaf(function);
    }
    Ok(session)
}

/// How many runs on disk one merge reads at once. Without a limit a merge takes all memory
/// there is, and the sort of a join's other side cannot begin: both sides of a join on
/// every thread together hold half of it.
fn runs_merged(pool_bytes: usize, threads: usize) -> usize {
    (pool_bytes / (4 * threads) / MERGED_RUN_BYTES).max(2)
}

/// A session without tables beside `session`: the same memory, scratch folder
/// and functions, with `threads` parallel streams of its own.
pub(super) fn beside(session: &Session, threads: usize) -> Session {
    let state = session.state();
    let config = state
        .config()
        .clone()
        .with_target_partitions(threads.max(1));
    let state = SessionStateBuilder::new_from_existing(state)
        .with_catalog_list(Arc::new(MemoryCatalogProviderList::new()))
        .with_config(config)
        .build();
    Session::new_with_state(state)
}

/// The session of `state` with aggregates that need less memory and more time.
pub(super) fn sparing(state: SessionState) -> SessionState {
    SessionStateBuilder::new_from_existing(state)
        .with_physical_optimizer_rules(with_our_operators(one_phase::sparing_rules()))
        .build()
}

/// Operators are exchanged last, when it is known in which order their rows come.
fn with_our_operators(mut rules: Vec<Rule>) -> Vec<Rule> {
    rules.push(sort::rule());
    rules.push(whole_partition::rule());
    rules
}

/// Runs `work` as a task of its own: a panic becomes an error, and dropping the
/// future stops the work.
pub(super) async fn guarded<T: Send + 'static>(
    work: impl Future<Output = datafusion::error::Result<T>> + Send + 'static,
) -> datafusion::error::Result<T> {
    match SpawnedTask::spawn(work).await {
        Ok(outcome) => outcome,
        Err(cause) => Err(DataFusionError::ExecutionJoin(Box::new(cause))),
    }
}

fn config(threads: usize, pool_bytes: usize) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema("kenko", "tables")
        .with_information_schema(false)
        .with_target_partitions(threads)
        .with_batch_size(BATCH_ROWS)
        .with_repartition_file_min_size(SPLIT_BYTES)
        .with_sort_spill_reservation_bytes(SORT_RESERVE_BYTES.min(pool_bytes / (8 * threads)));
    let options = config.options_mut();
    options.sql_parser.collect_spans = true;
    // `cast(x as text)` is plain Utf8, as the contract's text columns are.
    options.sql_parser.map_string_types_to_utf8view = false;
    options.optimizer.use_statistics_registry = true;
    // `timestamp with time zone` is UTC, as every timestamp column is.
    options.execution.time_zone = Some("UTC".to_owned());
    config
}
