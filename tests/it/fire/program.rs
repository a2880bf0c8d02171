//! The program itself under fire: `kenko run` on the small pipeline in files, killed at
//! random times and started again by the same command line.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use kenko::publish::commits;
use tempfile::TempDir;

use super::figures::{Case, Figures};
use super::killed::{Dice, Killed, blocking, durations, folder, kill_one};
use super::operations::copied;
use super::oracle::{End, Golden, Reader, Verdict, settled, whole_log};
use super::process::Process;
use super::small::{FIRST, SECOND, Small};

/// The company in files, and an output with its first day.
pub(super) struct Program {
    pipeline: String,
    first: TempDir,
    golden: Arc<Golden>,
    _small: Small,
}

impl Program {
    pub(super) async fn new() -> Self {
        let small = Small::new();
        let pipeline = small.in_files().to_str().unwrap().to_owned();
        let first = tempfile::tempdir().unwrap();
        let mut golden = Golden::default();
        let told = finished(&pipeline, first.path(), FIRST);
        assert_eq!(told.code, Some(0), "{}", told.told);
        let both = copied(first.path());
        let told = finished(&pipeline, both.path(), SECOND);
        assert_eq!(told.code, Some(0), "{}", told.told);
        golden.add(&commits(&folder(both.path())).await.unwrap());
        Self {
            pipeline,
            first,
            golden: Arc::new(golden),
            _small: small,
        }
    }

    /// Kills `loops` second nights: every fourth at any time, the others at a random time
    /// after the first file is staged.
    pub(super) async fn kill_loops(&self, loops: usize, seed: u64) -> Killed {
        let output = copied(self.first.path());
        let pipeline = self.pipeline.clone();
        let measured = blocking(move || {
            durations(output.path(), || started(&pipeline, output.path(), SECOND))
        });
        let (computing, publishing) = measured.await;
        let mut dice = Dice(seed);
        let mut killed = Killed {
            figures: Figures::new("`kenko run` killed (SIGKILL) at a random time"),
            places: Vec::new(),
        };
        for number in 0..loops {
            let is_aimed = number % 4 != 0;
            let longest = publishing + if is_aimed { 0.0 } else { computing };
            let wait = dice.between(0.0, longest);
            let output = copied(self.first.path());
            let (pipeline, path) = (self.pipeline.clone(), output.path().to_owned());
            let dies = blocking(move || {
                let process = started(&pipeline, &path, SECOND);
                kill_one(process, &path, is_aimed, wait)
            });
            let storage = folder(output.path());
            let reader = Reader::start(&storage, &self.golden);
            let (end, place) = dies.await;
            let is_committed = self.after(output.path(), &end).await;
            let looked = reader.stop().await;
            let case = is_committed.and_then(|is_committed| {
                Ok(Case {
                    end,
                    is_committed,
                    looks: looked?,
                })
            });
            killed.places.push(place);
            killed
                .figures
                .add(&format!("loop {number} ({place:?})"), case);
        }
        killed
    }

    /// What must hold after the kill, and after the same command again. Returns whether
    /// the night was in the log before that.
    async fn after(&self, output: &Path, end: &End) -> Verdict<bool> {
        let storage = folder(output);
        let log = whole_log(&storage, &self.golden).await?;
        let is_committed = log.iter().any(|commit| commit.as_of == SECOND);
        end.is_honest(is_committed)?;
        let (pipeline, path) = (self.pipeline.clone(), output.to_owned());
        let again = blocking(move || finished(&pipeline, &path, SECOND)).await;
        if again.code != Some(0) || again.told.starts_with("already done") != is_committed {
            return Err(format!("the plain rerun: {:?} {}", again.code, again.told));
        }
        let log = whole_log(&storage, &self.golden).await?;
        if log.len() != 2 {
            return Err(format!("{} versions after the rerun", log.len()));
        }
        settled(&storage, &log).await?;
        Ok(is_committed)
    }
}

fn arguments<'a>(pipeline: &'a str, output: &'a Path, day: &'a str) -> [&'a str; 10] {
    let output = output.to_str().unwrap();
    [
        "run",
        pipeline,
        "--as-of",
        day,
        "--output",
        output,
        "--threads",
        "2",
        "--memory",
        "512MiB",
    ]
}

fn started(pipeline: &str, output: &Path, day: &str) -> Process {
    Process::program(&arguments(pipeline, output, day))
}

/// A whole night, with what it wrote to its standard output or, if it failed, besides.
fn finished(pipeline: &str, output: &Path, day: &str) -> End {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kenko"));
    let done = command.args(arguments(pipeline, output, day)).output();
    let done = done.unwrap();
    let told = if done.status.success() {
        done.stdout
    } else {
        done.stderr
    };
    End {
        code: done.status.code(),
        told: String::from_utf8_lossy(&told).into_owned(),
    }
}
