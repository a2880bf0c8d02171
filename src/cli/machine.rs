//! How much of the machine a command may use.

use super::args::{Command, MachineArgs};
use crate::error::{Error, Result};

/// Threads that `typed` asks for, or all there are.
pub(crate) fn threads(typed: Option<u16>) -> usize {
    typed.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    )
}

/// Worker threads of the runtime that runs `command`.
pub(crate) fn worker_threads(command: &Command) -> usize {
    match command {
        Command::Run(args) => threads(args.machine.threads),
        Command::Train(args) => threads(args.machine.threads),
        Command::Backfill(args) => threads(args.machine.threads),
        // The runs are processes of their own.
        Command::Schedule(_) => 1,
        Command::Query(args) => threads(args.machine.threads),
        Command::Verify(args) => threads(args.machine.threads),
        Command::Backtest(args) => threads(args.machine.threads),
        _ => threads(None),
    }
}

/// The options that tell another kenko the same.
pub(crate) fn arguments(machine: &MachineArgs) -> Vec<String> {
    let mut arguments = vec!["--memory".to_owned(), machine.memory.clone()];
    if let Some(threads) = machine.threads {
        arguments.extend(["--threads".to_owned(), threads.to_string()]);
    }
    arguments
}

/// Bytes of `--memory`.
pub(crate) fn memory_bytes(machine: &MachineArgs) -> Result<u64> {
    let text = machine.memory.trim();
    let digits = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let unit = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "gib" | "g" | "gb" => Some(1_u64 << 30),
        "mib" | "m" | "mb" => Some(1_u64 << 20),
        _ => None,
    };
    let bytes = text[..digits]
        .parse::<u64>()
        .ok()
        .zip(unit)
        .and_then(|(n, unit)| n.checked_mul(unit));
    bytes.filter(|bytes| *bytes >= 256 << 20).ok_or_else(|| {
        Error::usage(format!("`--memory {text}` is no amount of memory"))
            .with_hint("write it as 800MiB or 4GiB, at least 256MiB")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Result<u64> {
        memory_bytes(&MachineArgs {
            threads: None,
            memory: text.to_owned(),
        })
    }

    #[test]
    fn memory_needs_a_unit_and_a_sensible_size() {
        assert_eq!(bytes("4GiB").unwrap(), 4 << 30);
        assert_eq!(bytes("800 MiB").unwrap(), 800 << 20);
        assert!(bytes("4").is_err());
        assert!(bytes("1MiB").is_err());
        assert!(bytes("99999999999999999999GiB").is_err());
    }
}
