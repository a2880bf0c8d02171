//! Many nights: a backfill over a range of days, and the scheduler that runs
//! what is due. Which days are due is tested where it is decided.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::company::{Company, Interaction, snapshots};

const MACHINE: [&str; 4] = ["--threads", "2", "--memory", "512MiB"];

fn schedule(company: &Company, at: &str) -> Interaction {
    let once = ["schedule", "pipelines", "--once", "--at", at];
    company.kenko(&[&once, &MACHINE[..]].concat())
}

fn backfill(company: &Company, from: &str, to: &str) -> Interaction {
    let days = [
        "backfill",
        "pipelines/nightly.yaml",
        "--from",
        from,
        "--to",
        to,
    ];
    company.kenko(&[&days, &MACHINE[..]].concat())
}

/// The lock of a pipeline, as a scheduler that runs it holds it.
fn lock(folder: &Path) -> File {
    fs::create_dir_all(folder.join(".kenko")).unwrap();
    let lock = File::create(folder.join(".kenko/nightly.yaml.lock")).unwrap();
    lock.try_lock().unwrap();
    lock
}

/// What the scheduler itself says: lines about a file, without what the runs
/// say and without seconds.
fn said(interaction: &Interaction) -> String {
    let lines = interaction.log();
    let own = lines.iter().filter(|line| line["file"].is_string());
    let own = own.map(|line| {
        let code = &line["exit_code"];
        let message = line["message"].as_str().unwrap();
        let message = message.split(", after ").next().unwrap();
        format!("{} ({code}): {message}", line["level"].as_str().unwrap())
    });
    own.collect::<Vec<_>>().join("\n")
}

/// The days in the log of the output, in the order of publishing.
fn published(company: &Company) -> Vec<String> {
    let entries = fs::read_dir(company.path("out/_kenko/log")).unwrap();
    let mut entries: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let day = |path: &std::path::PathBuf| {
        let entry: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        entry["as_of"].as_str().unwrap().to_owned()
    };
    entries.iter().map(day).collect()
}

/// One test, because every run takes seconds: the first night, missed nights,
/// a night that another scheduler is at, a broken extract; then the same days
/// as a backfill.
#[test]
fn missed_days_are_caught_up_and_a_broken_one_stops_its_pipeline() {
    let _settings = snapshots().bind_to_scope();
    let company = Company::small();
    let list = [
        "schedule",
        "pipelines",
        "--list",
        "--at",
        "2026-06-29T03:00:00+09:00",
    ];
    assert_snapshot!("schedule_list", company.kenko(&list).succeeded().shown());

    let first = schedule(&company, "2026-06-29T03:00:00+09:00").succeeded();
    assert_eq!(first.stdout(), "");
    assert_eq!(published(&company), ["2026-06-28"], "only the newest day");

    let busy = lock(&company.path("pipelines"));
    let refused = schedule(&company, "2026-07-01T03:00:00+09:00");
    assert_eq!(refused.code(), 4);
    assert_snapshot!(said(&refused), @r"
    WARN (4): error: another scheduler is running it
    ");
    drop(busy);

    // Another file that cannot be read does not stop this one.
    company.write("pipelines/other.yaml", "name: [\n");
    let missed = schedule(&company, "2026-07-01T03:00:00+09:00");
    assert_eq!(missed.code(), 2);
    assert_snapshot!(said(&missed), @r"
    INFO (null): running 2026-06-29, the first of 2 days that are due
    INFO (0): 2026-06-29 is published
    WARN (2): error: pipelines/other.yaml:1:7: the pipeline file is not valid
      caused by: expected string scalar at line 1, column 7

    hint: docs/config.md lists every key with its meaning
    INFO (null): running 2026-06-30
    INFO (0): 2026-06-30 is published
    ");
    assert_eq!(
        published(&company),
        ["2026-06-28", "2026-06-29", "2026-06-30"]
    );
    fs::remove_file(company.path("pipelines/other.yaml")).unwrap();
    let nothing = schedule(&company, "2026-07-02T02:29:59+09:00").succeeded();
    assert!(nothing.log().is_empty(), "{}", nothing.messages());
    finishes_what_follows_a_commit(&company, "2026-07-02T02:29:59+09:00");

    let again = backfill(&company, "2026-06-28", "2026-06-30").succeeded();
    assert_snapshot!(without_seconds(again.stdout()), @r"
    ────────────────────────────────────────────────
     day          outcome                   seconds
    ════════════════════════════════════════════════
     2026-06-28   already done, version 1   [SECONDS]
     2026-06-29   already done, version 2   [SECONDS]
     2026-06-30   already done, version 3   [SECONDS]
    ────────────────────────────────────────────────
    ");
    let days = again.messages();
    let days: Vec<&str> = days
        .lines()
        .filter(|line| line.starts_with("day "))
        .collect();
    assert_eq!(days, ["day 1 of 3", "day 2 of 3", "day 3 of 3"]);
    assert_eq!(published(&company).len(), 3);

    fs::write(company.path("testdata/account.parquet"), "no Parquet").unwrap();
    let broken = schedule(&company, "2026-07-02T03:00:00+09:00");
    assert_eq!(broken.code(), 3);
    assert_snapshot!(said(&broken), @r"
    INFO (null): running 2026-07-01
    WARN (3): error: the run of 2026-07-01 ended with exit code 3
    ");
    let stopped = backfill(&company, "2026-06-30", "2026-07-02");
    assert_snapshot!("backfill_stopped", without_seconds(&stopped.shown()));
    assert_eq!(published(&company).len(), 3);
}

/// As after a kill between the commit and its copies: the retry finds the day in the
/// log, so that nothing is due `at` that time.
fn finishes_what_follows_a_commit(company: &Company, at: &str) {
    let copy = company.path("out/latest/account_health.parquet");
    let health = fs::read(&copy).unwrap();
    fs::remove_file(&copy).unwrap();
    schedule(company, at).succeeded();
    assert!(fs::read(&copy).unwrap() == health);
}

/// Seconds in the last column of the table of days.
fn without_seconds(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let kept = line
            .trim_end()
            .trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        let is_day = line.trim_start().starts_with("2026-");
        if is_day {
            format!("{kept}[SECONDS]")
        } else {
            line.trim_end().to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_cannot_be_scheduled_is_said_with_a_remedy() {
    let _settings = snapshots().bind_to_scope();
    let company = Company::nobody();
    let shipped = kenko::config::SHIPPED_PIPELINE;
    company.write("pipelines/nightly.yaml", shipped);
    let line = "schedule: {cron: \"30 2 * * *\"}";
    assert!(shipped.contains(line));
    company.write("silent/nightly.yaml", &shipped.replace(line, ""));
    company.write(
        "never/nightly.yaml",
        &shipped.replace(line, "schedule: {cron: \"0 0 30 2 *\"}"),
    );
    let typed = |line: &str| company.kenko(&line.split(' ').collect::<Vec<_>>()).shown();
    assert_snapshot!(typed("schedule nowhere --once"), @r#"
    $ kenko schedule nowhere --once
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: cannot read the folder `nowhere`
      caused by: No such file or directory (os error 2)

    hint: name the folder with the pipeline files
    "#);
    assert_snapshot!(typed("schedule silent --once"), @r#"
    $ kenko schedule silent --once
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: no pipeline in `silent` has a `schedule:`

    hint: write `schedule: {cron: "30 2 * * *"}` into a pipeline file
    "#);
    assert_snapshot!(typed("schedule pipelines --at 2026-06-30T02:30:00Z"), @r#"
    $ kenko schedule pipelines --at 2026-06-30T02:30:00Z
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: `--at` needs `--once` or `--list`

    hint: without them the scheduler goes by the clock
    "#);
    assert_snapshot!(typed("schedule pipelines --once --at yesterday"), @r#"
    $ kenko schedule pipelines --once --at yesterday
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: `--at yesterday` is no instant

    hint: write it as 2026-06-30T02:30:00+09:00 or as @1782754200
    "#);
    assert_snapshot!(typed("check never/nightly.yaml"), @r#"
    $ kenko check never/nightly.yaml
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: never/nightly.yaml: `cron: 0 0 30 2 *` would never fire

    hint: no such day of the month is in one of its months
    "#);
}

#[test]
fn what_is_no_range_of_past_days_is_said_with_a_remedy() {
    let _settings = snapshots().bind_to_scope();
    let company = Company::nobody();
    company.write("pipelines/nightly.yaml", kenko::config::SHIPPED_PIPELINE);
    let typed = |line: &str| company.kenko(&line.split(' ').collect::<Vec<_>>()).shown();
    let range = "backfill pipelines/nightly.yaml --from";
    assert_snapshot!(typed(&format!("{range} 2026-06-30 --to 2026-06-29")), @r#"
    $ kenko backfill pipelines/nightly.yaml --from 2026-06-30 --to 2026-06-29
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: 2026-06-29 is before 2026-06-30

    hint: give the first day as --from and the last one as --to
    "#);
    assert_snapshot!(typed(&format!("{range} 2026-06-30 --to 2026-06-31")), @r#"
    $ kenko backfill pipelines/nightly.yaml --from 2026-06-30 --to 2026-06-31
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: `2026-06-31` is not a date
      caused by: invalid date: parameter 'day' for `2026-06` is invalid, must be in range `1..=30`

    hint: write dates as YYYY-MM-DD, for example 2026-01-31
    "#);
    let future = typed(&format!("{range} 2026-06-30 --to 9998-01-01"));
    assert!(
        future.contains("9998-01-01 is not over yet in Asia/Tokyo"),
        "{future}"
    );
    let decades = typed(&format!("{range} 1999-01-01 --to 2026-06-30"));
    assert!(decades.contains("more than 3660 days"), "{decades}");
}

/// Waits where there is nothing to do, and ends when it is asked to.
#[cfg(unix)]
#[test]
fn the_scheduler_waits_and_ends_cleanly() {
    let company = Company::nobody();
    company.write("pipelines/nightly.yaml", kenko::config::SHIPPED_PIPELINE);
    let _busy = lock(&company.path("pipelines"));
    let mut scheduler = Command::new(env!("CARGO_BIN_EXE_kenko"))
        .args(["schedule", "pipelines"])
        .current_dir(company.path(""))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(scheduler.stderr.take().unwrap()).lines();
    let mut until = |wanted: &str| {
        let line = lines.find(|line| line.as_ref().unwrap().contains(wanted));
        assert!(line.is_some(), "never said: {wanted}");
    };
    until("another scheduler is running it");
    until("nothing to do before");
    let asked = Command::new("kill")
        .arg(scheduler.id().to_string())
        .status();
    assert!(asked.unwrap().success());
    until("stopped");
    assert_eq!(scheduler.wait().unwrap().code(), Some(0));
    assert!(!company.path("out").exists(), "nothing was run");
}
