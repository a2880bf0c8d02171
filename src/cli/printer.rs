//! The only way to standard output and standard error.
//!
//! Standard output is data; everything else goes to standard error. A reader
//! that stops reading (`kenko list risk | head`) is no error.

use std::io::{self, IsTerminal, Write};

use crate::error::{Error, Result};

/// Writes for one command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer;

#[expect(
    clippy::unused_self,
    reason = "who is handed a printer may print; nobody else can"
)]
impl Printer {
    /// Writes data, as it is, to standard output.
    pub(crate) fn data(self, bytes: &[u8]) -> Result<()> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::unavailable("cannot write to standard output").with_source(cause))
            }
            _ => Ok(()),
        }
    }

    /// Writes a line of data to standard output.
    pub(crate) fn line(self, text: &str) -> Result<()> {
        self.data(format!("{text}\n").as_bytes())
    }

    /// Tells people something, on standard error. A closed standard error
    /// stops nothing.
    pub(crate) fn note(self, text: &str) {
        let mut out = io::stderr().lock();
        let _ = writeln!(out, "{text}");
    }

    /// Whether a person reads standard output as it comes.
    pub(crate) fn is_read_by_a_person(self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether a person is watching standard error.
    pub(crate) fn is_watched(self) -> bool {
        io::stderr().is_terminal()
    }
}
