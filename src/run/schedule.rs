//! The scheduler: runs the pipelines of a folder when they are due.
//!
//! One thing at a time: in every round each pipeline runs at most one day, as a
//! process of its own, so that a crash costs that day and a long catch-up does
//! not keep the others waiting. Files are read again in every round. What is
//! due is [`mod@super::due`]'s; that a day is published once, whatever happens on
//! other machines, is `publish`'s. The scheduler keeps no state of its own: what
//! it has done is what the log of each output says.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::civil::Date;

use super::due::{Due, Rest, due};
use crate::config::{Pipeline, Schedule};
use crate::error::{Error, ErrorKind, NextStep, Result};
use crate::publish;
use crate::storage::{self, Storage};
use crate::time::{Microseconds, RunClock, Stopwatch, format_instant, parse_date};

/// The folder is read again at least this often.
const LONGEST_SLEEP: Microseconds = 60_000_000;

/// What to schedule, and how.
#[derive(Clone, Debug)]
pub struct ScheduleOptions {
    /// The folder with the pipelines.
    pub folder: String,
    /// Where the lock files are; inside the folder when absent.
    pub locks: Option<PathBuf>,
    /// At most this many missed days of a pipeline are caught up.
    pub catch_up_limit: usize,
    /// The program that is started for each day.
    pub program: PathBuf,
    /// What each run is told besides pipeline and day.
    pub arguments: Vec<String>,
}

/// Something the scheduler says.
#[derive(Clone, Debug, Default)]
pub struct Notice {
    /// The pipeline file it is about; empty when it is about none.
    pub file: String,
    /// The business day it is about.
    pub as_of: Option<String>,
    /// The exit code that a run ended with.
    pub exit_code: Option<u8>,
    /// Whether somebody may have to act.
    pub is_warning: bool,
    /// The sentence.
    pub text: String,
}

/// Where a pipeline of the folder stands.
#[derive(Debug)]
pub struct Scheduled {
    /// The pipeline file.
    pub file: String,
    /// Name of the pipeline.
    pub name: String,
    /// When it runs.
    pub schedule: Schedule,
    /// The newest day published.
    pub published: Option<Date>,
    /// What is due.
    pub due: Due,
    /// The next firing.
    pub next: Option<Microseconds>,
}

type Notify<'a> = &'a (dyn Fn(&Notice) + Sync);

/// Finishes what follows the publication of a pipeline file's newest day, copies and
/// lists, where a run was ended between the two; where nothing is missing it only looks.
pub type Settle<'a> = &'a (dyn Fn(String) -> BoxFuture<'static, Result<()>> + Sync);

/// Where every scheduled pipeline of the folder stands at `now`; runs nothing.
///
/// # Errors
/// By who acts.
pub async fn scheduled(options: &ScheduleOptions, now: Microseconds) -> Result<Vec<Scheduled>> {
    let mut found = Vec::new();
    for file in pipeline_files(&options.folder)? {
        let pipeline = read(&file).await?;
        let Some(schedule) = pipeline.schedule.clone() else {
            continue;
        };
        let published = newest_published(&pipeline).await?;
        found.push(Scheduled {
            file,
            due: due(&schedule, now, published, options.catch_up_limit),
            next: schedule.next_firing(now),
            name: pipeline.name,
            schedule,
            published,
        });
    }
    if found.is_empty() {
        return Err(nothing_scheduled(&options.folder));
    }
    Ok(found)
}

/// Runs every day that is due at `now`, each once, and ends. A pipeline stops at
/// its first failure; the others go on.
///
/// # Errors
/// One that stands for all failures: of a kind that another attempt may mend,
/// if there is one.
pub async fn run_due(
    options: &ScheduleOptions,
    now: Microseconds,
    notify: Notify<'_>,
    settle: Settle<'_>,
) -> Result<()> {
    let mut scheduler = Scheduler::new(options, true, notify, settle);
    while scheduler.round(&|| now).await?.ran > 0 {}
    scheduler.verdict()
}

/// Runs what is due whenever it is due, until `stop` is set; a run that is at
/// work then is waited for.
///
/// # Errors
/// When the folder cannot be read or schedules nothing at the start.
pub async fn run_when_due(
    options: &ScheduleOptions,
    stop: &AtomicBool,
    notify: Notify<'_>,
    settle: Settle<'_>,
) -> Result<()> {
    let mut scheduler = Scheduler::new(options, false, notify, settle);
    let mut told = None;
    while !stop.load(Ordering::Relaxed) {
        let round = scheduler.round(&|| RunClock.now()).await?;
        if round.ran > 0 {
            continue;
        }
        if told != round.wake {
            told = round.wake;
            scheduler.say(match round.wake {
                Some(wake) => format!("nothing to do before {}", format_instant(wake)),
                None => "nothing to do".to_owned(),
            });
        }
        let now = RunClock.now();
        let wake = round.wake.unwrap_or(Microseconds::MAX);
        sleep(wake.min(now.saturating_add(LONGEST_SLEEP)), stop).await;
    }
    scheduler.say("stopped".to_owned());
    Ok(())
}

/// Sleeps in short pieces: the clock may be set and the machine suspended.
async fn sleep(until: Microseconds, stop: &AtomicBool) {
    while RunClock.now() < until && !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What a round did.
#[derive(Debug, Default)]
struct Round {
    /// Days that ended well.
    ran: usize,
    /// When there may be something to do again.
    wake: Option<Microseconds>,
}

/// How a pipeline fared so far.
#[derive(Debug)]
struct Standing {
    rest: Rest,
    /// Failures in a row that were retried.
    failures: u32,
    /// The day that ended well last.
    done: Option<Date>,
    /// Whether what follows the last publication is known to be finished.
    is_settled: bool,
    /// What is wrong at present, and whose turn it is.
    trouble: Option<(ErrorKind, String)>,
}

impl Standing {
    /// Before anything is known.
    fn new() -> Self {
        Self {
            rest: Rest::None,
            failures: 0,
            done: None,
            is_settled: false,
            trouble: None,
        }
    }
}

struct Scheduler<'a> {
    options: &'a ScheduleOptions,
    /// Whether it ends when nothing is left to do at once.
    is_once: bool,
    notify: Notify<'a>,
    settle: Settle<'a>,
    standings: BTreeMap<String, Standing>,
}

impl<'a> Scheduler<'a> {
    fn new(
        options: &'a ScheduleOptions,
        is_once: bool,
        notify: Notify<'a>,
        settle: Settle<'a>,
    ) -> Self {
        Self {
            options,
            is_once,
            notify,
            settle,
            standings: BTreeMap::new(),
        }
    }

    /// Lets every pipeline that has something to do run one day.
    async fn round(&mut self, clock: &(dyn Fn() -> Microseconds + Sync)) -> Result<Round> {
        let mut round = Round::default();
        let mut has_schedule = false;
        for file in pipeline_files(&self.options.folder)? {
            let mut standing = self.standings.remove(&file).unwrap_or_else(Standing::new);
            match read(&file).await {
                Ok(pipeline) => {
                    let Some(schedule) = &pipeline.schedule else {
                        continue;
                    };
                    let ran = self.turn(&file, &pipeline, schedule, &mut standing, clock);
                    round.ran += usize::from(ran.await);
                    let next = match standing.rest {
                        Rest::Until(instant) => Some(instant),
                        Rest::None | Rest::AfterFiring(_) => schedule.next_firing(clock()),
                    };
                    round.wake = [round.wake, next].into_iter().flatten().min();
                }
                Err(error) => {
                    standing.rest = Rest::None;
                    self.complain(&file, &mut standing, &error, true);
                }
            }
            has_schedule = true;
            self.standings.insert(file, standing);
        }
        if has_schedule {
            return Ok(round);
        }
        Err(nothing_scheduled(&self.options.folder))
    }

    /// One pipeline's turn; whether a day of it ended well.
    async fn turn(
        &self,
        file: &str,
        pipeline: &Pipeline,
        schedule: &Schedule,
        standing: &mut Standing,
        clock: &(dyn Fn() -> Microseconds + Sync),
    ) -> bool {
        let Some(firing) = schedule.newest_firing(clock()) else {
            return false;
        };
        if !standing.rest.is_over(clock(), firing) {
            return false;
        }
        let step = self.step(file, pipeline, schedule, standing, clock()).await;
        standing.is_settled = step.is_ok();
        match step {
            Ok(done) => {
                standing.failures = 0;
                standing.trouble = None;
                standing.done = done.or(standing.done);
                standing.rest = if done.is_some() {
                    Rest::None
                } else {
                    Rest::AfterFiring(firing)
                };
                done.is_some()
            }
            Err(error) => {
                let kind = error.kind();
                standing.failures += u32::from(kind.next_step() == NextStep::Retry);
                standing.rest = Rest::after_failure(kind, standing.failures, clock(), firing);
                if matches!(standing.rest, Rest::AfterFiring(_)) {
                    standing.failures = 0;
                }
                let is_waiting = kind.next_step() == NextStep::Wait;
                self.complain(file, standing, &error, is_waiting);
                false
            }
        }
    }

    /// Runs the oldest day that is due, under the pipeline's lock; `None` when
    /// nothing is due, and what followed the last day is finished.
    async fn step(
        &self,
        file: &str,
        pipeline: &Pipeline,
        schedule: &Schedule,
        standing: &Standing,
        now: Microseconds,
    ) -> Result<Option<Date>> {
        // Before the log is read: whoever held the lock may just have published.
        let lock = self.lock(file)?;
        let published = newest_published(pipeline).await?;
        let due = due(schedule, now, published, self.options.catch_up_limit);
        let Some(day) = due.days.first().copied() else {
            if published.is_some() && !standing.is_settled {
                (self.settle)(file.to_owned()).await?;
            }
            return Ok(None);
        };
        if standing.done == Some(day) {
            return Err(Error::bug(format!(
                "the run of {day} ended well, but {day} is not in the log of `{}`",
                pipeline.output
            )));
        }
        if let Some((first, last)) = due.left_out {
            self.tell(&Notice {
                file: file.to_owned(),
                is_warning: true,
                text: format!(
                    "{first} to {last} were missed too long ago to be caught up; to have them: \
                     kenko backfill {file} --from {first} --to {last}"
                ),
                ..Notice::default()
            });
        }
        self.start(file, day, due.days.len(), lock).await?;
        Ok(Some(day))
    }

    /// Runs one day as a process of its own and waits for its end.
    async fn start(&self, file: &str, day: Date, due: usize, lock: File) -> Result<()> {
        let about = Notice {
            file: file.to_owned(),
            as_of: Some(day.to_string()),
            ..Notice::default()
        };
        let text = match due {
            1 => format!("running {day}"),
            _ => format!("running {day}, the first of {due} days that are due"),
        };
        self.tell(&Notice {
            text,
            ..about.clone()
        });
        let mut command = Command::new(&self.options.program);
        command
            .args(["run", file, "--as-of", &day.to_string()])
            .args(&self.options.arguments)
            .stdout(Stdio::null());
        let watch = Stopwatch::start();
        let waiting = tokio::task::spawn_blocking(move || holding(command, lock).status());
        let status = waiting
            .await
            .map_err(|cause| Error::bug("a run could not be waited for").with_source(cause))?
            .map_err(|cause| {
                let program = self.options.program.display();
                Error::new(ErrorKind::Resources, format!("cannot start {program}"))
                    .with_source(cause)
            })?;
        match status.code() {
            Some(0) => {
                self.tell(&Notice {
                    exit_code: Some(0),
                    text: format!("{day} is published, after {:.0} s", watch.seconds()),
                    ..about
                });
                Ok(())
            }
            Some(code) => Err(Error::new(
                ErrorKind::of_exit_code(code),
                format!("the run of {day} ended with exit code {code}"),
            )),
            // A run may be killed at any time and run again.
            None => Err(
                Error::unavailable(format!("the run of {day} was ended by a signal")).with_hint(
                    "if nobody sent it, the machine may be short of memory: see --memory",
                ),
            ),
        }
    }

    /// The lock of a pipeline, for every scheduler that knows the lock folder.
    fn lock(&self, file: &str) -> Result<File> {
        let folder = match &self.options.locks {
            Some(folder) => folder.clone(),
            None => Path::new(&self.options.folder).join(".kenko"),
        };
        let name = Path::new(file).file_name().unwrap_or_default();
        let path = folder.join(format!("{}.lock", name.to_string_lossy()));
        let failed = |cause: std::io::Error| {
            Error::usage(format!("cannot lock {}", path.display()))
                .with_source(cause)
                .with_hint("name a local folder that can be written to as --locks")
        };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                ErrorKind::Conflict,
                "another scheduler is running it",
            )),
            Err(TryLockError::Error(cause)) => Err(failed(cause)),
        }
    }

    /// Says what is wrong and when it is looked at again; what somebody else
    /// has to end or to mend is said once.
    fn complain(&self, file: &str, standing: &mut Standing, error: &Error, is_said_once: bool) {
        let kind = error.kind();
        let text = error.render();
        let trouble = Some((kind, text.clone()));
        if is_said_once && standing.trouble == trouble {
            return;
        }
        standing.trouble = trouble;
        let next = match standing.rest {
            _ if self.is_once => String::new(),
            Rest::None => "\nit is looked at again in a minute".to_owned(),
            Rest::Until(instant) => {
                format!("\nit is looked at again at {}", format_instant(instant))
            }
            Rest::AfterFiring(_) => "\nit waits for its next firing".to_owned(),
        };
        self.tell(&Notice {
            file: file.to_owned(),
            exit_code: Some(kind.exit_code()),
            is_warning: true,
            text: format!("{text}{next}"),
            ..Notice::default()
        });
    }

    /// The failure that stands for all.
    fn verdict(&self) -> Result<()> {
        let failed: Vec<(&String, ErrorKind)> = self
            .standings
            .iter()
            .filter_map(|(file, standing)| Some((file, standing.trouble.as_ref()?.0)))
            .collect();
        let first = |step: NextStep| {
            let mut kinds = failed.iter().map(|(_, kind)| *kind);
            kinds.find(|kind| kind.next_step() == step)
        };
        // Another attempt costs those that need somebody nothing.
        let Some(kind) = first(NextStep::Retry)
            .or_else(|| first(NextStep::Stop))
            .or_else(|| first(NextStep::Wait))
        else {
            return Ok(());
        };
        let names: Vec<&str> = failed.iter().map(|(file, _)| file.as_str()).collect();
        Err(Error::new(
            kind,
            format!(
                "not everything that is due is published: {}",
                names.join(", ")
            ),
        )
        .with_hint("the lines above say why, file by file"))
    }

    fn tell(&self, notice: &Notice) {
        (self.notify)(notice);
    }

    fn say(&self, text: String) {
        self.tell(&Notice {
            text,
            ..Notice::default()
        });
    }
}

/// `command` with `lock` as its standard input, which a run does not read: the
/// lock is then held until the run ends, even if this process dies before.
fn holding(mut command: Command, lock: File) -> Command {
    command.stdin(lock);
    command
}

/// The pipeline files of the folder itself, in order of name.
fn pipeline_files(folder: &str) -> Result<Vec<String>> {
    let failed = |cause: std::io::Error| {
        Error::usage(format!("cannot read the folder `{folder}`"))
            .with_source(cause)
            .with_hint("name the folder with the pipeline files")
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        let is_hidden = name.starts_with('.');
        if !is_hidden && (name.ends_with(".yaml") || name.ends_with(".yml")) {
            files.push(format!("{}/{name}", folder.trim_end_matches('/')));
        }
    }
    files.sort();
    Ok(files)
}

async fn read(file: &str) -> Result<Pipeline> {
    Pipeline::parse(file, &storage::read_text(file).await?)
}

async fn newest_published(pipeline: &Pipeline) -> Result<Option<Date>> {
    let storage = Storage::open(&pipeline.output)?;
    let commits = publish::commits(&storage).await?;
    let days = commits
        .iter()
        .filter(|commit| commit.pipeline == pipeline.name)
        .map(|commit| commit.as_of.as_str());
    days.max().map(parse_date).transpose()
}

fn nothing_scheduled(folder: &str) -> Error {
    Error::usage(format!("no pipeline in `{folder}` has a `schedule:`"))
        .with_hint("write `schedule: {cron: \"30 2 * * *\"}` into a pipeline file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: String) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// A scheduler that dies leaves the run it has started alone; nobody else
    /// may start the pipeline as long as that run is at work.
    #[cfg(unix)]
    #[test]
    fn a_run_holds_the_lock_after_its_scheduler_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let options = ScheduleOptions {
            folder: folder.path().display().to_string(),
            locks: None,
            catch_up_limit: 31,
            program: PathBuf::from("sleep"),
            arguments: Vec::new(),
        };
        let scheduler = Scheduler::new(&options, true, &|_| {}, &nothing);
        let lock = scheduler.lock("pipelines/nightly.yaml").unwrap();
        let mut command = Command::new(&options.program);
        command.arg("600");
        // The command, and with it this process's hold of the lock, is dropped.
        let mut run = holding(command, lock).spawn().unwrap();
        let refused = scheduler.lock("pipelines/nightly.yaml").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        scheduler.lock("pipelines/other.yaml").unwrap();
        run.kill().unwrap();
        run.wait().unwrap();
        scheduler.lock("pipelines/nightly.yaml").unwrap();
    }

    #[test]
    fn the_failure_that_another_attempt_may_mend_stands_for_all() {
        let options = ScheduleOptions {
            folder: "pipelines".to_owned(),
            locks: None,
            catch_up_limit: 31,
            program: PathBuf::new(),
            arguments: Vec::new(),
        };
        let verdict = |kinds: &[ErrorKind]| {
            let mut scheduler = Scheduler::new(&options, true, &|_| {}, &nothing);
            for (index, kind) in kinds.iter().enumerate() {
                let standing = Standing {
                    trouble: Some((*kind, String::new())),
                    ..Standing::new()
                };
                scheduler
                    .standings
                    .insert(format!("{index}.yaml"), standing);
            }
            scheduler.verdict().map_err(|error| error.kind())
        };
        let (data, busy, away) = (ErrorKind::Data, ErrorKind::Conflict, ErrorKind::Unavailable);
        assert_eq!(verdict(&[]), Ok(()));
        assert_eq!(verdict(&[busy]), Err(busy));
        assert_eq!(verdict(&[busy, data]), Err(data));
        assert_eq!(verdict(&[data, busy, away]), Err(away));
    }
}
