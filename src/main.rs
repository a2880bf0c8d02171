//! The binary `kenko`: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    kenko::cli::main()
}
