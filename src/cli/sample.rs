//! `kenko sample`: a simulated company.

use super::args::SampleArgs;
use super::printer::Printer;
use crate::error::{Error, Result};

pub(crate) fn sample(_args: &SampleArgs, _printer: Printer) -> Result<()> {
    Err(Error::bug("waits for the sample module"))
}
