//! A company in a folder of its own, and the program run on it as a person
//! would: a command line in, exit code and both outputs out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use arrow::array::RecordBatch;
use kenko::report::Rows;
use serde_json::Value;
use tempfile::TempDir;

use super::extract;

/// Two threads and the least memory, so that several runs fit side by side.
const MACHINE: [&str; 4] = ["--threads", "2", "--memory", "512MiB"];

/// Extracts, a pipeline, and where the pipeline publishes.
pub(crate) struct Company {
    folder: TempDir,
}

impl Company {
    /// An empty folder.
    pub(crate) fn nobody() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("company-")
            .tempdir()
            .unwrap();
        Self { folder }
    }

    /// What a newcomer has after `kenko init` and `kenko sample`: 14 accounts
    /// and 70 days until 2026-06-30.
    pub(crate) fn small() -> Self {
        let company = Self::nobody();
        company.kenko(&["init", "."]).succeeded();
        let sample = [
            "sample",
            "--accounts",
            "14",
            "--days",
            "70",
            "--to",
            "testdata",
        ];
        company.kenko(&sample).succeeded();
        company
    }

    /// The committed company, copied, with the shipped pipeline.
    pub(crate) fn committed() -> Self {
        let company = Self::nobody();
        let extracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
        copy_tree(&extracts, &company.path("testdata"));
        company.write("pipelines/nightly.yaml", kenko::config::SHIPPED_PIPELINE);
        company
    }

    /// A place in the company's folder.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Writes a file and the folders it lies in.
    pub(crate) fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The same rows of every extract, dealt out to `parts` files of its own, the last
    /// rows and days first. Call it once: the pipeline then reads folders.
    pub(crate) fn deal_anew(&self, parts: usize) {
        let pipeline = self.path("pipelines/nightly.yaml");
        let mut text = fs::read_to_string(&pipeline).unwrap();
        let events = files(&self.path("testdata/event"));
        let batches: Vec<RecordBatch> = events.iter().map(|file| extract::read(file)).collect();
        let schema = batches[0].schema();
        let events = arrow::compute::concat_batches(&schema, &batches).unwrap();
        fs::remove_dir_all(self.path("testdata/event")).unwrap();
        let mut extracts = vec![("event".to_owned(), events)];
        for entry in fs::read_dir(self.path("testdata")).unwrap() {
            let file = entry.unwrap().path();
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            let Some(table) = name.strip_suffix(".parquet") else {
                continue;
            };
            extracts.push((table.to_owned(), extract::read(&file)));
            fs::remove_file(file).unwrap();
            text = text.replace(&format!("/{name}"), &format!("/{table}/"));
        }
        for (table, rows) in extracts {
            for part in 0..parts {
                let dealt = extract::filtered(&rows, |row| row * 7 % parts == part);
                let file = format!("testdata/{table}/{:03}.parquet", parts - part);
                extract::write(&self.path(&file), &extract::reversed(&dealt));
            }
        }
        fs::write(pipeline, text).unwrap();
    }

    /// Makes the pipeline read the company's own models in `sql/`.
    pub(crate) fn overlay_its_sql(&self) {
        let text = kenko::config::SHIPPED_PIPELINE;
        self.write("pipelines/nightly.yaml", &format!("sql: ../sql\n{text}"));
    }

    /// Runs the program in the company's folder.
    pub(crate) fn kenko(&self, arguments: &[&str]) -> Interaction {
        let output = Command::new(env!("CARGO_BIN_EXE_kenko"))
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        Interaction {
            arguments: arguments.join(" "),
            output,
        }
    }

    /// Runs the nightly job; `more` may override the machine's settings.
    pub(crate) fn run(&self, as_of: &str, output: &str, more: &[&str]) -> Interaction {
        let night = [
            "run",
            "pipelines/nightly.yaml",
            "--as-of",
            as_of,
            "--output",
            output,
        ];
        let machine = MACHINE.chunks(2).filter(|pair| !more.contains(&pair[0]));
        let machine: Vec<&str> = machine.flatten().copied().collect();
        self.kenko(&[&night[..], &machine, more].concat())
    }

    /// Every published file that readers see, by its path below `output`.
    pub(crate) fn published(&self, output: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        for folder in ["latest", "history"] {
            let root = self.path(output);
            for file in files(&root.join(folder)) {
                let name = file
                    .strip_prefix(&root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                found.insert(name, fs::read(&file).unwrap());
            }
        }
        found
    }

    /// A table of the newest day.
    pub(crate) fn table(&self, output: &str, name: &str) -> Rows {
        let file = self.path(&format!("{output}/latest/{name}.parquet"));
        Rows::from_parquet(name, fs::read(file).unwrap().into()).unwrap()
    }
}

/// What the program answered.
pub(crate) struct Interaction {
    arguments: String,
    output: Output,
}

impl Interaction {
    pub(crate) fn code(&self) -> i32 {
        self.output.status.code().unwrap()
    }

    pub(crate) fn stdout(&self) -> &str {
        std::str::from_utf8(&self.output.stdout).unwrap()
    }

    pub(crate) fn stdout_bytes(&self) -> Vec<u8> {
        self.output.stdout.clone()
    }

    /// Standard error, which is no terminal here: one JSON object a line.
    pub(crate) fn log(&self) -> Vec<Value> {
        let text = std::str::from_utf8(&self.output.stderr).unwrap();
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        text.lines().map(parse).collect()
    }

    /// The messages of the log, one below the other.
    pub(crate) fn messages(&self) -> String {
        let log = self.log();
        let messages = log.iter().filter_map(|line| line["message"].as_str());
        messages.collect::<Vec<_>>().join("\n")
    }

    /// Ends the test unless the program was content.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(
            self.code(),
            0,
            "kenko {}\n{}",
            self.arguments,
            self.messages()
        );
        self
    }

    /// The whole interaction, as snapshots keep it; a line of the log without
    /// its time and seconds as `LEVEL field=value: message`.
    pub(crate) fn shown(&self) -> String {
        let mut text = format!("$ kenko {}\nexit code {}\n", self.arguments, self.code());
        let _ = write!(text, "--- stdout\n{}", self.stdout());
        text.push_str("--- stderr\n");
        for line in self.log() {
            let mut fields = line.as_object().unwrap().clone();
            let level = fields.remove("level").unwrap();
            let message = fields.remove("message").unwrap();
            assert!(fields.remove("timestamp").is_some(), "{line}");
            text.push_str(level.as_str().unwrap());
            for (name, value) in fields.iter().filter(|(name, _)| *name != "seconds") {
                let _ = write!(text, " {name}={value}");
            }
            let _ = writeln!(text, ": {}", message.as_str().unwrap());
        }
        text
    }
}

/// Snapshots without what differs from run to run or with every new model:
/// places, times, the version, stamps of definitions, numbers of models.
pub(crate) fn snapshots() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    for (pattern, name) in [
        (r"[^\s`]*/company-\w+", "[FOLDER]"),
        (r"\d+\.\d s;", "[SECONDS] s;"),
        (r"\bkenko \d+\.\d+\.\d+", "kenko [VERSION]"),
        (r"\b[0-9a-f]{16}\b", "[DEFINITION]"),
        (r"\d+ (models|checks|files written|kept as)", "[N] $1"),
        (r"models, \d+ rows", "models, [N] rows"),
    ] {
        settings.add_filter(pattern, name);
    }
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots/cli");
    settings.set_omit_expression(true);
    settings
}

/// Every file below a folder, in order of path.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub(crate) fn copy_tree(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, target).unwrap();
    }
}
