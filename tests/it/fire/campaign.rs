//! The whole campaign, and the page it writes. Its parts are tests of their own,
//! so that they run side by side; each writes its own section of the page.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use kenko::time::Stopwatch;

use super::figures::Figures;
use super::killed::{Killed, LocalWorld, Where, kill_loops};
use super::operations::{DEATHS, FAULTS, MISFIRES, S3World, World, sweep_memory};
use super::order;
use super::program::Program;
use super::rivals::Rivalry;
use crate::support::fault::Fault;

const KILLS: usize = 500;
/// Kills of the program itself.
const PROGRAM_KILLS: usize = 60;
const SEED: u64 = 20_260_630;
const RERUNS: usize = 20;
const STOPS: usize = 50;
/// Processes at once, and how often.
const RACES: [(usize, usize); 3] = [(2, 20), (8, 8), (32, 2)];

const ABOUT: &str = "\
# Reliability

<!-- Written by `cargo test --test it campaign -- --ignored --nocapture`; do not edit. -->

## Promises

1. **All or nothing.** A reader of the log sees the tables of one complete version, with the hashes the log
   names, before, during and after any run. Every file in `latest/` and `history/` is a whole published file.
2. **Once.** A run is in the log once, however often it is started, killed or doubled, and what the newest
   version of a day says is not published again. Nothing that a version names is changed, and nothing is
   missing until `kenko prune` removes versions of a day that a newer one has replaced.
3. **A plain rerun mends everything.** After any fault, the same command again exits with 0, and every
   published byte is that of a run to which nothing happened.
4. **Exit code 0 if and only if the run is in the log** and its copies are finished. When the storage
   cannot be reached any more, nobody can know: then exit code 6 says so, and an error that says that the
   commit is published means that only the copies in `latest/` and `history/` are missing. A process that
   is killed says nothing.
5. **The newest inputs win.** A writer that was asleep while a newer run published the same day does not
   replace it.
6. **Same inputs, same bytes**, on any number of threads and in any order of files.

## Method

A night of a small pipeline (three extracts, four models, three marts, one check, tables of the publication
before) is run on an output that has one day published already. A store between the program and its
output counts every operation and makes the Nth of them go wrong, for every N and in every way of the table,
one at a time; the same is done to the requests that the real S3 client sends to a real S3 server. Processes
end themselves at every operation, are killed, race, and are put to sleep. Reading the extracts is left alone:
nothing is published before that is over.

After each case the same oracles are asked: the log has no gap, no commit twice and no run key twice in a row; every file it
names is there with its size and SHA-256, and is what a run without faults makes; the exit code tells the
truth; a plain rerun succeeds, and then `latest/`, `history/` and the log are, byte for byte, those of
runs without faults. A reader looks all the time, through the log and at the copies; anything but a whole
version, an older version than before or an error breaks a promise.

Exit codes: 0 published or already done, 3 the extracts changed under the run, 4 a newer run was first,
5 storage unavailable or an extract changed while it was read, 6 outcome unknown. *In the log*: the case's
run was in the log before the rerun.

To do all of it again:

```console
$ cargo test --test it campaign -- --ignored --nocapture
```

`cargo test` runs a short form of it every time.
";

/// The parts in the order of the page.
const PARTS: [&str; 5] = ["operations", "requests", "deaths", "writers", "order"];

/// One part at a time changes the page.
static PAGE: Mutex<()> = Mutex::new(());

/// Runs a part and writes its section, unless a promise was broken.
fn campaign<F: Future<Output = Section>>(part: &str, work: impl FnOnce() -> F + Send + 'static) {
    let watch = Stopwatch::start();
    let section = super::on_threads(work);
    let text = section.written(watch.seconds());
    println!("{text}");
    let violations = &section.violations;
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    write_part(part, &text);
}

/// Puts a section in its place on the page.
fn write_part(part: &str, text: &str) {
    let _turn = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    let before = fs::read_to_string(&file).unwrap_or_default();
    let mut page = ABOUT.to_owned();
    for name in PARTS {
        let mark = format!("\n<!-- {name} -->\n");
        let kept = before.split_once(&mark).map_or("", |(_, rest)| rest);
        let kept = kept.split("\n<!-- ").next().unwrap_or_default();
        page.push_str(&mark);
        page.push_str(if name == part { text } else { kept });
    }
    fs::write(file, page).unwrap();
}

#[derive(Default)]
struct Section {
    title: String,
    about: String,
    rows: String,
    notes: String,
    cases: usize,
    looks: usize,
    violations: Vec<String>,
}

impl Section {
    fn new(title: &str, about: impl Into<String>) -> Self {
        Self {
            title: title.to_owned(),
            about: about.into(),
            ..Self::default()
        }
    }

    fn add(&mut self, figures: &Figures) {
        let row = figures.row();
        print!("{row}");
        self.rows.push_str(&row);
        self.cases += figures.cases;
        self.looks += figures.looks;
        self.violations.extend(figures.violations.iter().cloned());
    }

    fn add_killed(&mut self, killed: &Killed) {
        self.add(&killed.figures);
        let kills = killed.places.len();
        let enough = kills / 10;
        assert!(killed.inside() >= enough, "{} kills hit", killed.inside());
        let _ = writeln!(
            self.notes,
            "\n{} of the {kills} kills fell between the first staged file and the end of the copies: \
             {} before the log entry, {} after it. {} came earlier, {} found the night over.",
            killed.inside(),
            killed.count(Where::Staging),
            killed.count(Where::Exporting),
            killed.count(Where::Computing),
            killed.count(Where::Over),
        );
    }

    fn written(&self, seconds: f64) -> String {
        format!(
            "## {}\n\n{}\n\n| what happens | cases | exit codes | in the log | looks of readers | broken \
             promises |\n|---|---|---|---|---|---|\n{}{}\n{} cases, {} looks of readers, **{} broken \
             promises**; {:.0} minutes on {} processors, in the profile that `cargo test` uses.\n",
            self.title,
            self.about,
            self.rows,
            self.notes,
            self.cases,
            self.looks,
            self.violations.len(),
            seconds / 60.0,
            std::thread::available_parallelism().unwrap(),
        )
    }
}

#[test]
#[ignore = "takes many minutes; writes docs/reliability.md"]
fn campaign_operations() {
    campaign("operations", || async {
        let world = Arc::new(World::new().await);
        let about = format!("{} operations; each fails in each way.", world.operations);
        let mut section = Section::new("The Nth operation fails", about);
        for (fault, name) in FAULTS.into_iter().chain(DEATHS) {
            let all = 0..world.operations;
            section.add(&sweep_memory(&world, fault, name, all).await);
        }
        section
    });
}

#[test]
#[ignore = "takes many minutes; writes docs/reliability.md"]
fn campaign_requests() {
    campaign("requests", || async {
        let s3 = S3World::new(&Arc::new(World::new().await)).await;
        let about = format!(
            "{} requests; the client repeats what it may, with shorter waits than in use.",
            s3.requests
        );
        let mut section =
            Section::new("The Nth request to an S3 server is answered wrongly", about);
        for (misfire, name) in MISFIRES {
            section.add(&s3.sweep(misfire, name, 0..s3.requests).await);
        }
        section
    });
}

#[test]
#[ignore = "takes many minutes; writes docs/reliability.md"]
fn campaign_deaths() {
    campaign("deaths", || async {
        let local = Arc::new(LocalWorld::new(&Arc::new(World::new().await)).await);
        let about = "On a local folder. Three of four kills are aimed at the time of publishing. The last \
                     row is the program, with the same models in files.";
        let mut section = Section::new("The process dies", about);
        for (fault, name) in [
            (Fault::AbortBefore, "aborts before the Nth operation"),
            (Fault::AbortAfter, "aborts after the Nth operation"),
        ] {
            let all = 0..local.operations;
            section.add(&local.aborts(fault, name, all).await);
        }
        section.add_killed(&kill_loops(&*local, KILLS, SEED).await);
        let program = Program::new().await;
        section.add_killed(&kill_loops(&program, PROGRAM_KILLS, SEED).await);
        section
    });
}

#[test]
#[ignore = "takes many minutes; writes docs/reliability.md"]
fn campaign_writers() {
    campaign("writers", || async {
        let world = Arc::new(World::new().await);
        let local = LocalWorld::new(&world).await;
        let rivalry = Arc::new(Rivalry::new(&world).await);
        let about = "A case is one process or writer. Racing processes start together on one folder; mixed \
                     ones read older and newer extracts by turns. A sleeper is woken when newer extracts of \
                     its day have been published.";
        let mut section = Section::new("Several writers of one day", about);
        for (fault, name) in [
            (Fault::HoldBefore, "asleep before the Nth operation"),
            (Fault::HoldAfter, "asleep after the Nth operation"),
        ] {
            let all = 0..world.operations;
            section.add(&rivalry.sleepers(fault, name, all).await);
        }
        let name = "a process stopped while it publishes, then woken";
        section.add(&rivalry.stopped(&local, STOPS, SEED, name).await);
        for (count, rounds) in RACES {
            for (is_mixed, extracts) in [(false, "the same"), (true, "mixed")] {
                let name = format!("{count} processes, {extracts} extracts, {rounds} rounds");
                let race = rivalry.race(&local, count, is_mixed, rounds, &name);
                section.add(&race.await);
            }
        }
        section
    });
}

#[test]
#[ignore = "takes many minutes; writes docs/reliability.md"]
fn campaign_order() {
    campaign("order", || async {
        let world = World::new().await;
        let about = "Two days from nothing, each time with the events in another number of files, under \
                     other names and in another order; then a night of the shipped pipeline on 300 \
                     accounts and 700,000 events.";
        let mut section = Section::new("Threads and the order of files", about);
        for threads in [1, 2, 8] {
            section.add(&order::reruns(&world, threads, 1..=RERUNS).await);
        }
        section.add(&order::shipped([(1, 2), (2, 7), (8, 5)]).await);
        section
    });
}
