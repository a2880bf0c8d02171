//! The examples for other schedulers: what they do after each exit code, read
//! from the files themselves and held against what the code says is next.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use clap::Parser;
use kenko::cli::args::Cli;
use kenko::error::{ErrorKind, NextStep};
use serde_json::Value;

/// A process killed by SIGKILL, as a shell or a container reports it.
const KILLED: i64 = 137;

fn example(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    fs::read_to_string(path).unwrap()
}

/// Every exit code of a run that failed, with what is next.
fn codes() -> Vec<(i64, NextStep)> {
    let all = ErrorKind::ALL.iter();
    all.map(|(kind, _)| (i64::from(kind.exit_code()), kind.next_step()))
        .collect()
}

#[test]
fn retry_5_and_6_wait_after_4_and_stop_otherwise() {
    use NextStep::{Retry, Stop, Wait};
    assert_eq!(
        codes(),
        [
            (1, Stop),
            (2, Stop),
            (3, Stop),
            (4, Wait),
            (5, Retry),
            (6, Retry),
            (7, Stop)
        ]
    );
}

/// The words of all lines `key=…` of a unit file.
fn unit_setting(unit: &str, key: &str) -> Vec<String> {
    let lines = unit
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    lines
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect()
}

#[test]
fn systemd_restarts_only_what_may_pass_by_itself() {
    let unit = example("systemd/kenko.service");
    let list = |key: &str| unit_setting(&unit, key);
    assert_eq!(list("Type"), ["oneshot"]);
    assert_eq!(list("Restart"), ["on-failure"]);
    let next = |code: i64| {
        let code = code.to_string();
        if list("SuccessExitStatus").contains(&code) {
            NextStep::Wait
        } else if list("RestartPreventExitStatus").contains(&code) {
            NextStep::Stop
        } else {
            NextStep::Retry
        }
    };
    for (code, expected) in codes() {
        assert_eq!(next(code), expected, "exit code {code}");
    }
    assert_eq!(list("TimeoutStartSec"), ["20h"], "none by default");
    assert!(list("StartLimitBurst")[0].parse::<u32>().unwrap() > 1);
    let command = list("ExecStart");
    assert!(command[0].ends_with("/kenko"));
    Cli::try_parse_from(&command).unwrap();
    let timer = example("systemd/kenko.timer");
    assert_eq!(unit_setting(&timer, "Persistent"), ["true"]);
}

fn cronjob() -> Value {
    serde_saphyr::from_str(&example("kubernetes/cronjob.yaml")).unwrap()
}

/// The action of the first rule that a container's exit code meets.
fn action(job: &Value, code: i64) -> Option<&str> {
    let rules = job["podFailurePolicy"]["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| {
        let codes = &rule["onExitCodes"];
        let is_listed = |values: &Vec<Value>| values.contains(&code.into());
        match codes["operator"].as_str() {
            Some("In") => codes["values"].as_array().is_some_and(is_listed),
            Some(other) => panic!("the test does not know the operator {other}"),
            None => false,
        }
    });
    rule.and_then(|rule| rule["action"].as_str())
}

#[test]
fn kubernetes_fails_the_job_only_when_somebody_has_to_act() {
    let cronjob = cronjob();
    assert_eq!(cronjob["spec"]["concurrencyPolicy"], "Forbid");
    let job = &cronjob["spec"]["jobTemplate"]["spec"];
    // Otherwise podFailurePolicy is refused.
    assert_eq!(job["template"]["spec"]["restartPolicy"], "Never");
    assert!(job["backoffLimit"].as_u64().unwrap() > 0);
    assert!(job["activeDeadlineSeconds"].as_u64().unwrap() < 24 * 3600);
    for (code, next) in codes() {
        let expected = match next {
            NextStep::Stop => "FailJob",
            NextStep::Retry | NextStep::Wait => "Count",
        };
        assert_eq!(action(job, code), Some(expected), "exit code {code}");
    }
    assert_eq!(action(job, KILLED), None, "counted when no rule is met");
    let container = &job["template"]["spec"]["containers"][0]["name"];
    for rule in job["podFailurePolicy"]["rules"].as_array().unwrap() {
        let named = rule["onExitCodes"].get("containerName");
        assert!(named.is_none_or(|name| name == container));
    }
}

/// The shell line works out the firing from the job's name, whatever the time.
#[cfg(unix)]
#[test]
fn kubernetes_takes_the_firing_from_the_name_of_the_job() {
    let cronjob = cronjob();
    let pod = &cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let line = pod["containers"][0]["args"][0].as_str().unwrap();
    let echo = line.strip_prefix("exec kenko ").unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("echo {echo}")])
        .env("JOB_NAME", "kenko-29712570")
        .output()
        .unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    let words = ["kenko"].into_iter().chain(words.split_whitespace());
    let words: Vec<&str> = words.collect();
    assert!(words.contains(&"@1782754200"), "{words:?}");
    Cli::try_parse_from(&words).unwrap();
}

/// The table `NEXT_STEP = {…}` of the DAG.
fn airflow_table(dag: &str) -> Vec<(i64, String)> {
    let table = dag.split_once("NEXT_STEP = {").unwrap().1;
    let table = table.split_once('}').unwrap().0;
    let rows = table.lines().filter_map(|line| {
        let (code, rest) = line.split_once(':')?;
        let step = rest.split('"').nth(1)?;
        Some((code.trim().parse().unwrap(), step.to_owned()))
    });
    rows.collect()
}

#[test]
fn airflow_retries_what_may_pass_and_fails_what_needs_somebody() {
    let dag = example("airflow/kenko_nightly.py");
    let name = |next| match next {
        NextStep::Retry => "retry",
        NextStep::Wait => "wait",
        NextStep::Stop => "stop",
    };
    let expected: Vec<(i64, String)> = [(0, "done".to_owned())]
        .into_iter()
        .chain(
            codes()
                .into_iter()
                .map(|(code, next)| (code, name(next).to_owned())),
        )
        .collect();
    assert_eq!(airflow_table(&dag), expected);
    assert!(dag.contains("\"--as-of\", day"), "names the day");
}

/// The DAG on a stand-in for Airflow: which exception ends the task after each
/// exit code, and for which day it runs.
#[test]
fn airflow_ends_the_task_as_the_exit_code_asks() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let decorators = "def dag(**settings):\n    return lambda function: function\n\
                      def task(function):\n    return lambda: None\n";
    write("airflow/__init__.py", "");
    write(
        "airflow/exceptions.py",
        "class AirflowException(Exception):\n    pass\n\
         class AirflowFailException(AirflowException):\n    pass\n",
    );
    write("airflow/sdk.py", decorators);
    write("airflow/timetables/__init__.py", "");
    write(
        "airflow/timetables/trigger.py",
        "def CronTriggerTimetable(cron, timezone):\n    return cron\n",
    );
    write(
        "pendulum.py",
        "def datetime(*parts, tz):\n    return parts\n",
    );
    write("kenko_nightly.py", &example("airflow/kenko_nightly.py"));
    write(
        "ask.py",
        "import datetime, zoneinfo\nimport kenko_nightly as dag\n\
         for code in [*range(8), 101, 137, -9]:\n    try:\n        dag.settle(code)\n        \
         print(code, 'done')\n    except Exception as error:\n        print(code, \
         type(error).__name__)\n\
         utc = datetime.timezone.utc\n\
         dag.ZoneInfo = lambda name: datetime.timezone(datetime.timedelta(hours=9))\n\
         print(dag.business_day(datetime.datetime(2026, 6, 30, 17, 30, tzinfo=utc)))\n",
    );
    let asked = Command::new("python3")
        .arg("-B")
        .arg("ask.py")
        .current_dir(folder.path())
        .output();
    let Ok(asked) = asked else {
        // Without Python the table is still read, by the test above.
        return;
    };
    let said = String::from_utf8(asked.stdout).unwrap();
    let problem = String::from_utf8(asked.stderr).unwrap();
    let retried = "AirflowException";
    let failed = "AirflowFailException";
    let mut expected = String::from("0 done\n");
    for (code, next) in codes() {
        let exception = match next {
            NextStep::Stop => failed,
            NextStep::Retry | NextStep::Wait => retried,
        };
        let _ = writeln!(expected, "{code} {exception}");
    }
    // A panic is a bug; a killed run is run again.
    let _ = writeln!(expected, "101 {failed}\n{KILLED} {retried}\n-9 {retried}");
    expected.push_str("2026-06-30\n");
    assert_eq!(said, expected, "{problem}");
}
