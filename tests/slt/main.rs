//! SQL tests: every `tests/slt/**/*.slt` is one trial with a session of its own.
//!
//! `cargo test --test slt usage` runs the files whose path contains "usage";
//! with `SLT_COMPLETE=1` the expected results are rewritten with what came out.
//! Beside SQL (tables may be created and filled here, unlike in kenko), a
//! `statement ok` may be one of our own:
//!
//! - `set as_of 2026-02-28`: the value of `$as_of`, 2026-01-31 at first;
//! - `cfg`: the `cfg_` tables of pipelines/nightly.yaml for that day;
//! - `empty raw_event stg_account`: empty tables with the columns of the
//!   contract or model;
//! - `model stg_account`: runs the model's file and keeps the rows as a table.
//!
//! Nothing here knows what a model is for; that is in the `.slt` files.

mod database;
mod render;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sqllogictest::Runner;
use sqllogictest::harness::{Arguments, Failed, Trial, run};

use crate::database::Database;
use crate::render::{Column, column_validator};

/// Unoptimised planning of a long query recurses deeply.
const STACK_BYTES: usize = 64 << 20;

fn main() -> std::io::Result<ExitCode> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt");
    let mut files = Vec::new();
    find(&folder, &mut files)?;
    files.sort();
    let trials = files.into_iter().map(|file| {
        let name = file.strip_prefix(&folder).unwrap_or(&file);
        Trial::test(name.display().to_string(), move || test(&file))
    });
    Ok(run(&Arguments::from_args(), trials.collect()).exit_code())
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "slt") {
            files.push(path);
        }
    }
    Ok(())
}

/// Runs one file on a thread with a stack of its own.
fn test(file: &Path) -> Result<(), Failed> {
    let file = file.to_owned();
    let thread = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .thread_stack_size(STACK_BYTES)
                .build()
                .map_err(|cause| cause.to_string())?;
            runtime
                .block_on(run_file(&file))
                .map_err(|cause| cause.to_string())
        })?;
    match thread.join() {
        Ok(outcome) => outcome.map_err(Failed::from),
        Err(_) => Err(Failed::from("the test panicked")),
    }
}

async fn run_file(file: &Path) -> Result<(), Box<dyn Error>> {
    let mut runner = Runner::new(|| async { Database::open() });
    runner.with_column_validator(column_validator);
    if std::env::var_os("SLT_COMPLETE").is_none() {
        return Ok(runner.run_file_async(file).await?);
    }
    let normalise = sqllogictest::default_normalizer;
    let validate = sqllogictest::default_validator;
    runner
        .update_test_file(file, " ", validate, normalise, column_validator::<Column>)
        .await
}
