//! Every operation of a night on its output fails in turn, each in every way:
//! behind the program's back in memory, and as the answers of a real S3 server
//! to the real client.

use std::collections::BTreeSet;
use std::future;
use std::path::Path;
use std::sync::Arc;

use futures::{StreamExt, stream};
use kenko::publish::commits;
use kenko::run::Project;
use kenko::storage::Storage;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use tokio::task::JoinHandle;

use super::figures::{Case, Figures};
use super::oracle::{End, Golden, Reader, Verdict, settled, whole_log};
use super::small::{FIRST, SECOND, Small, night};
use crate::support::company::copy_tree;
use crate::support::fault::{Fault, FaultStore, When};
use crate::support::s3::{BUCKET, Misfire, S3Server};

/// Cases side by side: more than there are processors, because some of them
/// wait for storage that does not answer.
const AT_ONCE: usize = 4;

/// Faults of a store, and what they are called; those of the second list leave
/// the storage dead.
pub(super) const FAULTS: [(Fault, &str); 5] = [
    (Fault::Before, "fails before it takes effect"),
    (Fault::After, "takes effect, the answer is lost"),
    (Fault::Reset, "connection reset, reads break off half-way"),
    (
        Fault::Late,
        "times out, and takes effect two operations later",
    ),
    (Fault::Conflict, "409, nothing done"),
];
pub(super) const DEATHS: [(Fault, &str); 2] = [
    (Fault::DeadBefore, "fails, and every one after it"),
    (
        Fault::DeadAfter,
        "takes effect, answer lost, every one after it fails",
    ),
];
pub(super) const MISFIRES: [(Misfire, &str); 7] = [
    (Misfire::Busy, "503 once"),
    (Misfire::BusyForGood, "503 from then on"),
    (Misfire::ResetBefore, "connection reset before"),
    (Misfire::ResetAfter, "done, then connection reset"),
    (Misfire::Silent, "done, never answered"),
    (Misfire::FailAfter, "done, answered 500"),
    (Misfire::Conflict, "409 to a write, nothing done"),
];

/// A company with one day published, and what its nights must publish.
pub(super) struct World {
    pub(super) small: Small,
    pub(super) project: Arc<Project>,
    pub(super) golden: Arc<Golden>,
    /// The output in memory with the first day.
    base: Arc<InMemory>,
    /// Operations of the second night when nothing fails.
    pub(super) operations: usize,
}

impl World {
    pub(super) async fn new() -> Self {
        let small = Small::new();
        let project = Arc::new(small.project());
        let base = Arc::new(InMemory::new());
        let storage = memory(Arc::clone(&base) as _);
        night(&project, storage, FIRST).await.unwrap();
        let counted = FaultStore::new(Arc::new(base.fork()));
        let storage = memory(Arc::new(counted.clone()));
        night(&project, storage.clone(), SECOND).await.unwrap();
        let operations = counted.seen().len();
        let mut golden = Golden::default();
        golden.add(&commits(&storage).await.unwrap());
        Self {
            small,
            project,
            golden: Arc::new(golden),
            base,
            operations,
        }
    }

    /// A copy of the output with the first day.
    pub(super) fn output(&self) -> Arc<dyn ObjectStore> {
        Arc::new(self.base.fork())
    }
}

pub(super) fn memory(store: Arc<dyn ObjectStore>) -> Storage {
    Storage::from_store("memory://company/out", store, "out").unwrap()
}

/// The second night on `faulty`, and then again without faults on `clean`, the
/// same output. `settle` lets what is still under way come to an end.
async fn under_fire(
    world: &World,
    faulty: Storage,
    clean: &Storage,
    is_single: bool,
    settle: impl Future<Output = ()>,
) -> Verdict<Case> {
    let reader = Reader::start(clean, &world.golden);
    let night = async {
        let end = End::of(&night(&world.project, faulty, SECOND).await);
        settle.await;
        let is_committed = after(world, clean, &end, is_single)
            .await
            .map_err(|wrong| format!("{wrong}; the run: {}", end.told))?;
        Ok((end, is_committed))
    };
    let ended: Verdict<(End, bool)> = night.await;
    let looked = reader.stop().await;
    let (end, is_committed) = ended?;
    Ok(Case {
        end,
        is_committed,
        looks: looked?,
    })
}

/// What must hold when the night is over, and after a plain rerun. Returns
/// whether the night was in the log before the rerun.
pub(super) async fn after(
    world: &World,
    clean: &Storage,
    end: &End,
    is_single: bool,
) -> Verdict<bool> {
    let log = whole_log(clean, &world.golden).await?;
    let is_committed = log.iter().any(|commit| commit.as_of == SECOND);
    if is_single {
        end.is_exact(is_committed)?;
    } else {
        end.is_honest(is_committed)?;
    }
    if end.code == Some(0) {
        settled(clean, &log).await?;
    }
    let again = End::of(&night(&world.project, clean.clone(), SECOND).await);
    if again.code != Some(0) {
        return Err(format!("the plain rerun: {}", again.told));
    }
    if again.told.starts_with("already") != is_committed {
        return Err(format!("the plain rerun says `{}`", again.told));
    }
    let log = whole_log(clean, &world.golden).await?;
    if log.len() != 2 {
        return Err(format!("{} versions after the rerun", log.len()));
    }
    settled(clean, &log).await?;
    Ok(is_committed)
}

/// The operations of the second night in `numbers` fail in one way, one a
/// night, in memory.
pub(super) async fn sweep_memory(
    world: &Arc<World>,
    fault: Fault,
    name: &str,
    numbers: impl Iterator<Item = usize>,
) -> Figures {
    let is_single = !matches!(fault, Fault::DeadBefore | Fault::DeadAfter);
    let cases = numbers.map(|number| {
        let world = Arc::clone(world);
        tokio::spawn(async move {
            let store = world.output();
            let clean = memory(Arc::clone(&store));
            let faulty = FaultStore::failing(store, When::Nth(number), fault);
            let output = memory(Arc::new(faulty.clone()));
            let case = under_fire(&world, output, &clean, is_single, faulty.settle()).await;
            let place = faulty.seen().get(number).cloned().unwrap_or_default();
            (format!("operation {number} ({place})"), Some(case))
        })
    });
    collect(Figures::new(name), cases).await
}

/// Where a fault was to happen, and what came of it if it did.
pub(super) type Tried = (String, Option<Verdict<Case>>);

/// Runs cases a few at a time.
pub(super) async fn collect(
    mut figures: Figures,
    cases: impl Iterator<Item = JoinHandle<Tried>>,
) -> Figures {
    let mut running = stream::iter(cases).buffer_unordered(AT_ONCE);
    while let Some(case) = running.next().await {
        if let (place, Some(case)) = case.unwrap() {
            figures.add(&place, case);
        }
    }
    figures
}

/// An S3 server's folder with the first day, and the number of requests that
/// the second night takes.
pub(super) struct S3World {
    world: Arc<World>,
    template: tempfile::TempDir,
    pub(super) requests: usize,
}

impl S3World {
    pub(super) async fn new(world: &Arc<World>) -> Self {
        let server = S3Server::start().await;
        night(&world.project, bucket(server.client()), FIRST)
            .await
            .unwrap();
        let template = tempfile::tempdir().unwrap();
        copy_tree(server.folder(), template.path());
        let (before, _) = server.requests();
        night(&world.project, bucket(server.client()), SECOND)
            .await
            .unwrap();
        let (after, _) = server.requests();
        Self {
            world: Arc::clone(world),
            template,
            requests: after - before,
        }
    }

    /// The requests in `numbers` are answered wrongly, one a night.
    pub(super) async fn sweep(
        &self,
        misfire: Misfire,
        name: &str,
        numbers: impl Iterator<Item = usize>,
    ) -> Figures {
        let is_single = misfire != Misfire::BusyForGood;
        let cases = numbers.map(|number| {
            let world = Arc::clone(&self.world);
            let folder = copied(self.template.path());
            tokio::spawn(async move {
                let server = S3Server::start_on(folder).await;
                let clean = bucket(server.spared_client().await);
                server.misfire(number, misfire);
                let output = bucket(server.client());
                let settle = future::ready(());
                let case = under_fire(&world, output, &clean, is_single, settle).await;
                let (_, has_happened) = server.requests();
                (format!("request {number}"), has_happened.then_some(case))
            })
        });
        collect(Figures::new(name), cases).await
    }
}

fn bucket(client: impl ObjectStore) -> Storage {
    let url = format!("s3://{BUCKET}/out");
    Storage::from_store(&url, Arc::new(client), "out").unwrap()
}

/// A copy of a folder that goes away after use.
pub(crate) fn copied(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::Builder::new().prefix("fire-").tempdir().unwrap();
    copy_tree(folder, copy.path());
    copy
}

/// Numbers spread evenly over `0..of`, first and last included.
pub(super) fn spread(count: usize, of: usize) -> BTreeSet<usize> {
    let last = of.saturating_sub(1);
    (0..count)
        .map(|step| step * last / (count - 1).max(1))
        .collect()
}
