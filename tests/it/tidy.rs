//! The style of the house as a test: who may use whom, how long a file may be,
//! what every file begins with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// An arrow is "may use"; there are no others. Everything may use `error`.
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        (
            "cli",
            [
                "run", "handover", "report", "publish", "sample", "config", "model", "engine",
                "storage", "time",
            ]
            .as_slice(),
        ),
        (
            "handover",
            &["report", "publish", "storage", "config", "time"],
        ),
        (
            "run",
            &[
                "config", "model", "source", "step", "engine", "publish", "storage", "time",
            ],
        ),
        ("step", &["config", "function"]),
        ("source", &["config", "engine", "storage", "time"]),
        ("engine", &["config", "function", "storage", "time"]),
        ("function", &["time"]),
        ("publish", &["config", "storage", "time"]),
        ("report", &["publish", "storage", "config", "time"]),
        ("sample", &["config", "storage", "time"]),
        ("storage", &["config", "time"]),
        ("model", &[]),
        ("config", &["time"]),
        ("time", &[]),
        ("error", &[]),
    ])
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// The room of the house that a source file lies in.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.iter().next().unwrap().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The rooms that a text names as `crate::room`, comments aside.
fn used(text: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        for rest in line.split("crate::").skip(1) {
            let inner = rest.strip_prefix('{').unwrap_or(rest);
            let name: String = inner
                .chars()
                .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                .collect();
            if name.starts_with(|first: char| first.is_lowercase()) {
                rooms.insert(name);
            }
        }
    }
    rooms
}

#[test]
fn modules_use_only_what_they_may() {
    let allowed = allowed();
    let mut wrong = Vec::new();
    for path in files(&root().join("src"), "rs") {
        let room = room(&path);
        if room == "lib" || room == "main" {
            continue;
        }
        let may = allowed
            .get(room.as_str())
            .unwrap_or_else(|| panic!("`{room}` is no room"));
        let text = fs::read_to_string(&path).unwrap();
        // Tests of a module may look further than the module itself.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for other in used(code) {
            if other != room && other != "error" && !may.contains(&other.as_str()) {
                wrong.push(format!("{} uses `{other}`", shown(&path)));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "edges that the house does not have:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn only_engine_names_the_session_and_only_time_reads_the_clock() {
    let mut wrong = Vec::new();
    for path in files(&root().join("src"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        let room = room(&path);
        let names = |what: &str| {
            text.lines()
                .any(|line| !line.trim_start().starts_with("//") && line.contains(what))
        };
        if room != "engine" && names("SessionContext") {
            wrong.push(format!("{} names SessionContext", shown(&path)));
        }
        for clock in [
            "Instant::now",
            "SystemTime::now",
            "Timestamp::now",
            "Zoned::now",
            "Utc::now",
        ] {
            if room != "time" && names(clock) {
                wrong.push(format!("{} reads a clock", shown(&path)));
            }
        }
        let is_pure = ["config", "model", "function", "step"].contains(&room.as_str());
        for io in ["std::fs", "tokio::fs", "std::net", "std::env::var"] {
            if is_pure && names(io) {
                wrong.push(format!("{} does input or output ({io})", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_begins_with_what_it_is_and_fits_in_the_head() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests"] {
        for path in files(&root().join(folder), "rs") {
            let text = fs::read_to_string(&path).unwrap();
            if !text.starts_with("//!") {
                wrong.push(format!("{} does not begin with //!", shown(&path)));
            }
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let lines = code
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with("//"))
                .count();
            if lines > 600 {
                wrong.push(format!("{} has {lines} lines of code", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_model_has_a_test_and_keeps_to_the_style() {
    let tests: BTreeSet<String> = files(&root().join("tests/slt"), "slt")
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut wrong = Vec::new();
    for path in files(&root().join("sql"), "sql") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !tests.contains(&name) {
            wrong.push(format!("{} has no .slt", shown(&path)));
        }
        let text = fs::read_to_string(&path).unwrap();
        let body: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("--"))
            .collect();
        if body.len() > 120 {
            wrong.push(format!("{} has {} lines of SQL", shown(&path), body.len()));
        }
        if let Some(long) = text.lines().find(|line| line.chars().count() > 90) {
            wrong.push(format!(
                "{} has a line longer than 90: {long}",
                shown(&path)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
