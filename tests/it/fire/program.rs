//! The program itself under fire: `kenko run` on the small pipeline in files, killed at
//! random times and started again by the same command line.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use kenko::publish::commits;
use tempfile::TempDir;

use super::killed::{Night, blocking, folder};
use super::operations::copied;
use super::oracle::{End, Golden, Verdict, settled, whole_log};
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
}

impl Night for Program {
    const NAME: &str = "`kenko run` killed (SIGKILL) at a random time";

    fn golden(&self) -> &Arc<Golden> {
        &self.golden
    }

    fn output(&self) -> TempDir {
        copied(self.first.path())
    }

    fn starter(&self) -> impl FnOnce(&Path) -> Process + Send + 'static {
        let pipeline = self.pipeline.clone();
        move |output| Process::program(&arguments(&pipeline, output, SECOND))
    }

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
