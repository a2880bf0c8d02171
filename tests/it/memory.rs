//! The program within less memory than a night needs: it ends well or says that it needs
//! more, and is never larger than it may be. What it reaches on ten times its memory is
//! measured in `benches/memory`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, StringArray};

use crate::support::company::Company;
use crate::support::extract;

const DAY: &str = "2026-03-10";
const FILES: i64 = 8;
const ROWS_OF_A_FILE: i64 = 250_000;
/// The least that may be given.
const LITTLE_MIB: u64 = 256;
const PLENTY_MIB: u64 = 8192;
const NEEDS_MORE: i32 = 7;
/// Looks at what is resident lie 20 ms apart; so much may be asked for in between.
const BETWEEN_LOOKS: f64 = 1.10;

const PIPELINE: &str = "\
name: skewed
timezone: UTC
currency: JPY
output: out
sql: sql
marts: [place]
sources:
  account: {path: account.parquet}
  event: {path: event/}
";

const EVENT: &str = "\
-- One event.
-- grain: event_id
-- materialise: view
select event_id, account_id, occurred_at, name from raw_event
";

const PLACE: &str = "\
-- One event and its place among those of its account.
-- grain: event_id
-- columns:
--   event_id | text | key | the event
--   account_id | text | key | whose
--   name | text | - | what
--   place | integer | - | its number, from 1
select stg_event.event_id, stg_event.account_id, stg_event.name,
cast(row_number() over (partition by stg_event.account_id
order by stg_event.occurred_at, stg_event.event_id) as bigint) as place
from stg_event
";

/// Six of ten events are of one account, and no text compresses away.
fn events(file: i64) -> RecordBatch {
    let numbers = || (file * ROWS_OF_A_FILE..).take(usize::try_from(ROWS_OF_A_FILE).unwrap());
    // Odd, so that every number comes once, in no order.
    let mixed = |number: i64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed());
    let keys = numbers().map(|number| format!("event-{:016x}", mixed(number)));
    let accounts = numbers().map(|number| {
        let account = if number % 10 < 6 { 0 } else { number % 5000 };
        format!("A{account:05}")
    });
    let names =
        numbers().map(|number| format!("{:016x}{:016x}", mixed(number + 7), mixed(!number)));
    let instants = numbers().map(|number| 1_770_000_000_000_000 + number % 1_000_003 * 1_000_000);
    extract::events(keys, instants, accounts, names)
}

/// A run with so much memory, and the most that was resident, in MiB.
fn run(company: &Company, mebibytes: u64) -> (Output, f64) {
    let memory = format!("{mebibytes}MiB");
    let output = format!("out-{mebibytes}");
    let child = Command::new(env!("CARGO_BIN_EXE_kenko"))
        .args(["run", "skewed.yaml", "--as-of", DAY, "--output", &output])
        .args(["--threads", "2", "--memory", &memory])
        .current_dir(company.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let watched = std::thread::spawn(move || most_resident(Path::new(&status)));
    (child.wait_with_output().unwrap(), watched.join().unwrap())
}

/// The most that was resident of a process until it ended, in MiB.
fn most_resident(status: &Path) -> f64 {
    let mut most = 0.0_f64;
    while let Ok(text) = fs::read_to_string(status) {
        // A process that is over has none.
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let Some(kibibytes) = line.and_then(|line| line.trim().strip_suffix(" kB")) else {
            break;
        };
        most = most.max(kibibytes.parse::<f64>().unwrap() / 1024.0);
        std::thread::sleep(Duration::from_millis(5));
    }
    most
}

#[cfg(target_os = "linux")]
#[test]
fn a_night_with_too_little_memory_ends_well_or_says_so() {
    let company = Company::nobody();
    company.write("skewed.yaml", PIPELINE);
    company.write("sql/staging/stg_event.sql", EVENT);
    company.write("sql/marts/place.sql", PLACE);
    let keys: ArrayRef = Arc::new(StringArray::from_iter_values(["A00000"]));
    let account = RecordBatch::try_from_iter([("account_id", keys)]).unwrap();
    extract::write(&company.path("account.parquet"), &account);
    for file in 0..FILES {
        extract::write(
            &company.path(&format!("event/{file}.parquet")),
            &events(file),
        );
    }
    let (plenty, needed) = run(&company, PLENTY_MIB);
    let told = String::from_utf8_lossy(&plenty.stderr);
    assert_eq!(plenty.status.code(), Some(0), "{told}");
    let little = f64::from(u32::try_from(LITTLE_MIB).unwrap());
    assert!(needed > 1.5 * little, "{needed} MiB: nothing is tried");

    let (ended, resident) = run(&company, LITTLE_MIB);
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(resident < little * BETWEEN_LOOKS, "{resident} MiB: {told}");
    match ended.status.code() {
        Some(0) => {
            let shown = |output: &str| company.published(output);
            assert!(shown("out-256") == shown("out-8192"));
        }
        Some(NEEDS_MORE) => {
            assert!(told.contains("needs more memory"), "{told}");
            assert!(!company.path("out-256/_kenko/log").exists(), "{told}");
        }
        code => panic!("{code:?}: {told}"),
    }
}
