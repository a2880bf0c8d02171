//! The command line: arguments in, one function a command, an exit code out.
//!
//! No logic lives here that another caller of the library would need; the
//! commands resolve what was typed, call, and print.

pub mod args;
mod assign;
mod backfill;
mod backtest;
mod check;
mod deliver;
mod explain;
mod format;
mod init;
mod list;
mod machine;
mod pen;
mod plan;
mod printer;
mod prune;
mod query;
mod reference;
mod run;
mod sample;
mod schedule;
mod show;
mod summary;
mod tables;
mod train;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::error::{Error, Result};
use args::{Cli, Command};
use printer::Printer;

/// Parses the process's arguments, runs the command, prints an error if there
/// is one, and returns the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let printer = Printer;
    watch::install_log(printer);
    match start(cli.command, printer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            watch::report_error(printer, &error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

fn start(command: Command, printer: Printer) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Planning recurses deeply, most of all in a build without optimisation.
        .thread_stack_size(32 << 20)
        .worker_threads(machine::worker_threads(&command))
        .build()
        .map_err(|cause| Error::bug("cannot start the runtime").with_source(cause))?;
    runtime.block_on(async move {
        match command {
            Command::Init(args) => init::init(&args, printer),
            Command::Sample(args) => sample::sample(&args, printer).await,
            Command::Plan(args) => plan::plan(&args, printer).await,
            Command::Run(args) => run::run(&args, printer).await,
            Command::Verify(args) => verify::verify(&args, printer).await,
            Command::Prune(args) => prune::prune(&args, printer).await,
            Command::Backfill(args) => backfill::backfill(&args, printer).await,
            Command::Train(args) => train::train(&args, printer).await,
            Command::Schedule(args) => schedule::schedule(&args, printer).await,
            Command::Backtest(args) => backtest::backtest(&args, printer).await,
            Command::Check(args) => check::check(&args, printer).await,
            Command::List(args) => list::list(&args, printer).await,
            Command::Assign(args) => assign::assign(&args, printer).await,
            Command::Explain(args) => explain::explain(&args, printer).await,
            Command::Reference(args) => reference::reference(&args, printer).await,
            Command::Show(args) => show::show(&args, printer).await,
            Command::Query(args) => query::query(&args, printer).await,
            Command::Tables(args) => tables::tables(&args, printer),
        }
    })
}
