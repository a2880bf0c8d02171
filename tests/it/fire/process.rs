//! One night in a process of its own, which can be killed, stopped or made to
//! end itself: the program, or this test program, started again for one of its own tests.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use kenko::error::Result;
use kenko::run::RunReport;
use kenko::storage::Storage;

use super::oracle::End;
use super::small::{SECOND, night, project};
use crate::support::fault::{Fault, FaultStore, When};

const COMPANY: &str = "KENKO_FIRE_COMPANY";
const OUTPUT: &str = "KENKO_FIRE_OUTPUT";
/// `before` or `after` and the number of the operation that ends the process.
const ABORT: &str = "KENKO_FIRE_ABORT";

/// A running night; killed if it is forgotten.
pub(crate) struct Process(Child);

impl Process {
    /// Starts the second night of the company in a folder.
    pub(super) fn start(company: &Path, output: &Path, abort: Option<(Fault, usize)>) -> Self {
        let abort = abort.map(|(fault, number)| (fault, number.to_string()));
        Self::of("fire::process::one_night", company, output, abort)
    }

    /// Starts an ignored test that runs one night of the company in a folder. It is to
    /// end at the operation of that number, or at the first so described.
    pub(crate) fn of(
        test: &str,
        company: &Path,
        output: &Path,
        abort: Option<(Fault, String)>,
    ) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([test, "--exact", "--ignored"])
            .env(COMPANY, company)
            .env(OUTPUT, output)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((fault, place)) = abort {
            let when = if fault == Fault::AbortBefore {
                "before"
            } else {
                "after"
            };
            command.env(ABORT, format!("{when} {place}"));
        }
        Self(command.spawn().unwrap())
    }

    /// Starts the program itself.
    pub(super) fn program(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kenko"));
        command
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Ends it at once, as an operator or the kernel does.
    pub(super) fn kill(&mut self) {
        self.0.kill().unwrap();
    }

    /// Sends it to sleep or wakes it.
    pub(super) fn signal(&self, signal: &str) {
        let process = self.0.id().to_string();
        let mut kill = Command::new("kill");
        let sent = kill.args([signal, &process]).stderr(Stdio::null()).status();
        sent.unwrap();
    }

    pub(super) fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    pub(crate) fn end(mut self) -> End {
        let status = self.0.wait().unwrap();
        End {
            code: status.code(),
            told: format!("{status}"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Over already in nearly every case.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "run by the tests of publishing under fire, in a process that may die"]
fn one_night() {
    as_process(|company, output| async move { night(&project(&company), output, SECOND).await });
}

/// Runs a night in a process that [`Process::of`] started, and ends it with the night's
/// exit code; does nothing in any other.
pub(crate) fn as_process<F: Future<Output = Result<RunReport>>>(
    work: impl FnOnce(PathBuf, Storage) -> F + Send + 'static,
) {
    let (Some(company), Some(output)) = (std::env::var_os(COMPANY), std::env::var_os(OUTPUT))
    else {
        return;
    };
    let end = super::on_threads(|| async move {
        let output = Storage::open(output.to_str().unwrap()).unwrap();
        let output = match std::env::var(ABORT) {
            Err(_) => output,
            Ok(abort) => ending(&output, &abort),
        };
        End::of(&work(PathBuf::from(company), output).await)
    });
    exit(&end);
}

/// The same folder behind a store that ends the process.
fn ending(output: &Storage, abort: &str) -> Storage {
    let (when, place) = abort.split_once(' ').unwrap();
    let fault = match when {
        "before" => Fault::AbortBefore,
        _ => Fault::AbortAfter,
    };
    let place = match place.parse() {
        Ok(number) => When::Nth(number),
        Err(_) => When::First(place.to_owned().leak()),
    };
    let store = FaultStore::failing(Arc::clone(output.object_store()), place, fault);
    Storage::from_store(output.url(), Arc::new(store), "").unwrap()
}

#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the process stands for the program, whose exit code is what is tested"
)]
fn exit(end: &End) -> ! {
    std::process::exit(end.code.unwrap_or(1))
}
