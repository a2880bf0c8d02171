//! Nights that die: the process ends itself at every operation, and is killed
//! from outside at random times, most of them while it publishes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kenko::storage::Storage;
use kenko::time::Stopwatch;
use tempfile::TempDir;

use super::figures::{Case, Figures};
use super::operations::{World, after, collect, copied};
use super::oracle::{End, Golden, Reader, Verdict};
use super::process::Process;
use super::small::{FIRST, SECOND, night};
use crate::support::fault::{Fault, FaultStore};

/// A local folder with the first day published.
pub(super) struct LocalWorld {
    pub(super) world: Arc<World>,
    template: TempDir,
    /// Operations of the second night on disk.
    pub(super) operations: usize,
}

impl LocalWorld {
    pub(super) async fn new(world: &Arc<World>) -> Self {
        let template = tempfile::tempdir().unwrap();
        let first = night(&world.project, folder(template.path()), FIRST).await;
        first.unwrap();
        let copy = copied(template.path());
        let storage = folder(copy.path());
        let counted = FaultStore::new(Arc::clone(storage.object_store()));
        let storage = Storage::from_store("counted", Arc::new(counted.clone()), "").unwrap();
        night(&world.project, storage, SECOND).await.unwrap();
        Self {
            world: Arc::clone(world),
            template,
            operations: counted.seen().len(),
        }
    }

    /// The process ends itself at the operations in `numbers`, one a night.
    pub(super) async fn aborts(
        self: &Arc<Self>,
        fault: Fault,
        name: &str,
        numbers: impl Iterator<Item = usize>,
    ) -> Figures {
        let cases = numbers.map(|number| {
            let local = Arc::clone(self);
            tokio::spawn(async move {
                let case = local.abort(fault, number).await;
                (format!("operation {number}"), Some(case))
            })
        });
        collect(Figures::new(name), cases).await
    }

    async fn abort(&self, fault: Fault, number: usize) -> Verdict<Case> {
        let output = self.output();
        let company = self.world.small.folder().to_owned();
        let path = output.path().to_owned();
        let dies = move || Process::start(&company, &path, Some((fault, number))).end();
        judged(self, output.path(), blocking(dies)).await
    }
}

impl Night for LocalWorld {
    const NAME: &str = "killed (SIGKILL) at a random time";

    fn golden(&self) -> &Arc<Golden> {
        &self.world.golden
    }

    fn output(&self) -> TempDir {
        copied(self.template.path())
    }

    fn starter(&self) -> impl FnOnce(&Path) -> Process + Send + 'static {
        let company = self.world.small.folder().to_owned();
        move |output| Process::start(&company, output, None)
    }

    async fn after(&self, output: &Path, end: &End) -> Verdict<bool> {
        after(&self.world, &folder(output), end, false).await
    }
}

/// A second night that can die again and again, each time on a new output.
pub(super) trait Night {
    /// What its kills are called in the figures.
    const NAME: &str;

    /// Every version that may be seen.
    fn golden(&self) -> &Arc<Golden>;

    /// A copy of the output with the first day.
    fn output(&self) -> TempDir;

    /// What starts the night on an output.
    fn starter(&self) -> impl FnOnce(&Path) -> Process + Send + 'static;

    /// What must hold after the end, and after the night is run again. Returns whether
    /// it was in the log before that.
    async fn after(&self, output: &Path, end: &End) -> Verdict<bool>;
}

/// Waits for a night to end while somebody reads, then looks at what it left.
async fn judged(
    night: &impl Night,
    output: &Path,
    end: impl Future<Output = End>,
) -> Verdict<Case> {
    let reader = Reader::start(&folder(output), night.golden());
    let end = end.await;
    let is_committed = night.after(output, &end).await;
    let looks = reader.stop().await;
    Ok(Case {
        is_committed: is_committed?,
        end,
        looks: looks?,
    })
}

pub(crate) fn folder(path: &Path) -> Storage {
    Storage::open(path.to_str().unwrap()).unwrap()
}

pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// Where a killed night was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Where {
    /// Nothing of it was in the output.
    Computing,
    /// Files were staged, no log entry was there.
    Staging,
    /// The log entry was there, the copies were not finished.
    Exporting,
    /// Everything was there.
    Over,
}

pub(super) fn found(output: &Path) -> Where {
    let has = |path: &str| output.join(path).exists();
    if has("_kenko/exports/00000000000000000002.json") {
        Where::Over
    } else if has("_kenko/log/00000000000000000002.json") {
        Where::Exporting
    } else if has(&format!("snapshots/{SECOND}")) {
        Where::Staging
    } else {
        Where::Computing
    }
}

/// What became of killed nights, and where they were.
pub(super) struct Killed {
    pub(super) figures: Figures,
    pub(super) places: Vec<Where>,
}

impl Killed {
    pub(super) fn count(&self, place: Where) -> usize {
        self.places.iter().filter(|found| **found == place).count()
    }

    /// Kills between the first staged file and the end of the copies.
    pub(super) fn inside(&self) -> usize {
        self.count(Where::Staging) + self.count(Where::Exporting)
    }
}

/// Kills `loops` nights: every fourth at any time, the others at a random time
/// after the first file is staged.
pub(super) async fn kill_loops<N: Night>(night: &N, loops: usize, seed: u64) -> Killed {
    let (output, start) = (night.output(), night.starter());
    let (computing, publishing) = blocking(move || durations(output.path(), start)).await;
    let mut dice = Dice(seed);
    let mut killed = Killed {
        figures: Figures::new(N::NAME),
        places: Vec::new(),
    };
    for number in 0..loops {
        let is_aimed = number % 4 != 0;
        let longest = publishing + if is_aimed { 0.0 } else { computing };
        let wait = dice.between(0.0, longest);
        let output = night.output();
        let (start, path) = (night.starter(), output.path().to_owned());
        let dies = blocking(move || kill_one(start(&path), &path, is_aimed, wait));
        let mut place = Where::Computing;
        let end = async {
            let (end, found) = dies.await;
            place = found;
            end
        };
        let case = judged(night, output.path(), end).await;
        killed.places.push(place);
        killed
            .figures
            .add(&format!("loop {number} ({place:?})"), case);
    }
    killed
}

/// Seconds that a night in a process takes until its first file is staged in `output`,
/// and from there to its end.
fn durations(output: &Path, start: impl FnOnce(&Path) -> Process) -> (f64, f64) {
    let watch = Stopwatch::start();
    let mut process = start(output);
    until_staging(&mut process, output);
    let staging = watch.seconds();
    assert_eq!(process.end().code, Some(0));
    (staging, watch.seconds() - staging)
}

/// Kills a process after so many seconds, counted from its first staged file if it is
/// aimed, and says where it was.
fn kill_one(mut process: Process, output: &Path, is_aimed: bool, wait: f64) -> (End, Where) {
    if is_aimed {
        until_staging(&mut process, output);
    }
    std::thread::sleep(Duration::from_secs_f64(wait));
    process.kill();
    (process.end(), found(output))
}

/// Waits until a file is staged, or the process is over.
pub(super) fn until_staging(process: &mut Process, output: &Path) {
    let staged = output.join(format!("snapshots/{SECOND}"));
    while !staged.exists() && process.is_running() {
        std::thread::sleep(Duration::from_micros(300));
    }
}

/// Numbers that look random and are the same for the same seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let share = f64::from(u32::try_from(mixed >> 32).unwrap()) / f64::from(u32::MAX);
        low + share * (high - low)
    }
}
