//! Keeps the process within the memory it was given.
//!
//! DataFusion's pool counts what its operators ask for; decoding, planning and
//! the allocator need more besides. So the resident size is looked at while a
//! run reads and builds, and a run that needs more ends with a clear error before the
//! kernel ends it without one. Where the system does not say how much is
//! resident (anything but Linux) there is only the pool.

use std::fs;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// Time between two looks: an operator that spills needs longer to fill memory.
const PAUSE: Duration = Duration::from_millis(20);

const MIB: u64 = 1 << 20;

/// Does `work`, and gives it up when more than `limit` bytes are resident.
///
/// # Errors
/// [`ErrorKind::Resources`] with both sizes; else those of `work`.
pub(crate) async fn within<T>(limit: u64, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        result = work => result,
        resident = exceeded(limit) => Err(Error::new(
            ErrorKind::Resources,
            format!(
                "needs more memory: {} MiB are in use, and --memory allows {} MiB",
                resident.div_ceil(MIB),
                limit / MIB
            ),
        )
        .with_hint("allow more with --memory, or use fewer --threads; what was computed is kept")),
    }
}

/// Ends when more than `limit` bytes are resident, with how many.
async fn exceeded(limit: u64) -> u64 {
    loop {
        match resident() {
            Some(bytes) if bytes > limit => return bytes,
            Some(_) => tokio::time::sleep(PAUSE).await,
            None => std::future::pending::<()>().await,
        }
    }
}

/// Bytes of this process that are resident, as the kernel counts them.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_goes_on_within_the_limit_and_is_given_up_beyond() {
        assert_eq!(within(u64::MAX, async { Ok(1) }).await.unwrap(), 1);
        if resident().is_none() {
            return;
        }
        let error = within(MIB, std::future::pending::<Result<()>>()).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Resources);
        let said = error.to_string();
        assert!(said.contains("--memory allows 1 MiB"), "{said}");
    }
}
