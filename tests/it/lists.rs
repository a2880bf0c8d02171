//! Lists as people get them: every list in every format, files beside the tables, and
//! messages that are sent once. And, on a larger company, what the lists claim against the
//! simulated truth; what the voice claims stands in `voice.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use arrow::array::AsArray;
use arrow::datatypes::{Date32Type, Decimal128Type, Float64Type};
use async_trait::async_trait;
use bytes::Bytes;
use kenko::config::{Pipeline, SHIPPED_PIPELINE};
use kenko::handover::{Address, HttpSender, Sender, hand_over};
use kenko::model::Layer;
use kenko::report::{LISTS, Rows};
use kenko::storage::Storage;
use object_store::client::ClientOptions;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::support::company::{Company, files};
use crate::support::fault::{Fault, FaultStore, When};

const HANDOVER: &str = "handover:\n  lists: [risk, task, task-diff]\n  formats: [csv, xlsx]\n  \
                        byte_order_mark: true\n  digest: {tasks: 5}\n";

#[test]
fn every_list_in_every_format_and_files_beside_the_tables() {
    let company = Company::committed();
    company.write(
        "pipelines/nightly.yaml",
        &format!("{SHIPPED_PIPELINE}\n{HANDOVER}"),
    );
    let night = company.run("2026-06-30", "out", &[]).succeeded();
    assert!(night.messages().contains("files of lists written"));
    assert_eq!(empty_marts(&company, "out"), EMPTY_AT_FIRST);
    for list in LISTS {
        let shown = |more: &[&str]| {
            company
                .kenko(&[&["list", list.name], more].concat())
                .succeeded()
        };
        shown(&["--limit", "3"]);
        let csv = shown(&["--format", "csv", "--language", "ja", "--bom", "--all"]);
        assert!(csv.stdout_bytes().starts_with(&[0xef, 0xbb, 0xbf]));
        let sheet = csv.stdout();
        let headings = sheet.trim_start_matches('\u{feff}').lines().next().unwrap();
        let english = headings.split(',').find(|heading| heading.is_ascii());
        assert_eq!(english, None, "{}", list.name);
        let book = shown(&["--format", "xlsx", "--language", "ja"]).stdout_bytes();
        assert!(book.starts_with(b"PK"), "{}", list.name);
        let rows = shown(&["--format", "json", "--all"]);
        assert!(rows.stdout().starts_with('['), "{}", list.name);
    }
    let wrong = company.kenko(&["list", "kpi", "--owner", "o"]);
    assert_eq!(wrong.code(), 2, "{}", wrong.messages());
    let written: BTreeSet<String> = files(&company.path("out/lists"))
        .iter()
        .map(|file| {
            let name = file.file_name().unwrap().to_str().unwrap();
            name.to_owned()
        })
        .collect();
    for name in [
        "risk_list.csv",
        "risk_list.xlsx",
        "task.csv",
        "task_diff.csv",
    ] {
        assert!(written.contains(name), "{written:?}");
    }
    let tasks = company
        .table("out", "task")
        .only("status", &["open", "proposed"]);
    let owners: BTreeSet<&str> = (0..tasks.len())
        .filter_map(|row| tasks.text(row, "owner_id"))
        .collect();
    assert!(!owners.is_empty());
    for owner in owners {
        let name = owner.replace(' ', "=20");
        assert!(written.contains(&format!("{name}.json")), "{written:?}");
    }
    a_backfill_hands_over_the_newest_day(&company);
}

/// The same bytes as the run, and nothing of a past day.
fn a_backfill_hands_over_the_newest_day(company: &Company) {
    let before: BTreeMap<_, _> = contents(company);
    let backfill = |day: &str| {
        std::fs::remove_dir_all(company.path("out/lists")).unwrap();
        let days = ["--from", day, "--to", day, "--output", "out"];
        company
            .kenko(&[&["backfill", "pipelines/nightly.yaml"][..], &days].concat())
            .succeeded();
    };
    backfill("2026-06-30");
    assert!(before == contents(company));
    backfill("2026-06-29");
    assert!(!company.path("out/lists").exists());
}

/// Marts without a row on the committed company's last day, as its first night.
const EMPTY_AT_FIRST: [&str; 8] = [
    // the newest bad answer is of the 15th, a day too old
    "alert",
    // nobody has run a backtest
    "health_backtest",
    "health_backtest_decile",
    "health_backtest_lead",
    "health_backtest_missed",
    // the first night has none before it
    "health_change",
    // nothing was trained
    "model_drift",
    // nobody is in awareness, consideration or conversion for unusually long
    "nurture_list",
];

/// Marts that a night published without a row.
fn empty_marts(company: &Company, output: &str) -> Vec<String> {
    let models = kenko::model::shipped::shipped().unwrap();
    let mut empty: Vec<String> = models
        .iter()
        .filter(|model| model.layer == Layer::Mart)
        .filter(|model| company.table(output, &model.name).is_empty())
        .map(|model| model.name.clone())
        .collect();
    empty.sort();
    empty
}

fn contents(company: &Company) -> BTreeMap<String, Vec<u8>> {
    files(&company.path("out/lists"))
        .iter()
        .map(|file| (file.display().to_string(), std::fs::read(file).unwrap()))
        .collect()
}

/// A server that takes down what it is sent, and answers as it is told.
struct Listener {
    port: u16,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn start(answer: &'static str) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in socket.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    let line = line.trim().to_lowercase();
                    if let Some(text) = line.strip_prefix("content-length:") {
                        length = text.trim().parse().unwrap();
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                kept.lock().unwrap().push(String::from_utf8(body).unwrap());
                let text =
                    format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(text.as_bytes()).unwrap();
            }
        });
        Self { port, bodies }
    }

    fn heard(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }
}

/// Sends to a server of this machine whatever the address says, by the client that real
/// messages are sent by.
struct LocalSender {
    client: HttpSender,
    port: u16,
}

impl LocalSender {
    fn new(port: u16) -> Self {
        let options = ClientOptions::new().with_allow_http(true);
        Self {
            client: HttpSender::with_options(&options).unwrap(),
            port,
        }
    }
}

#[async_trait]
impl Sender for LocalSender {
    async fn send(&self, address: &Address, body: Bytes) -> kenko::error::Result<()> {
        assert_eq!(address.host(), "hooks.slack.com");
        let url = format!("http://127.0.0.1:{}/hook", self.port);
        self.client.post(&url, body).await
    }
}

#[test]
fn each_message_is_sent_once_whatever_becomes_of_it() {
    let company = Company::committed();
    company.run("2026-06-30", "out", &[]).succeeded();
    let text = format!(
        "{SHIPPED_PIPELINE}\n{HANDOVER}  webhook: {{address_from: HOOK, hosts: [hooks.slack.com]}}\n"
    );
    let pipeline = Pipeline::parse("pipelines/nightly.yaml", &text).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let deliver = |output: &str, sender: &dyn Sender, address: Option<&str>| {
        let storage = Storage::open(company.path(output).to_str().unwrap()).unwrap();
        runtime.block_on(hand_over(&storage, &pipeline, address, sender))
    };
    let address = Some("https://hooks.slack.com/services/T/B/key");
    let server = Listener::start("200 OK");
    let sender = LocalSender::new(server.port);
    for wrong in [
        None,
        Some("http://hooks.slack.com/x"),
        Some("https://example.com/x"),
    ] {
        assert!(deliver("out", &sender, wrong).is_err());
    }
    assert!(server.heard().is_empty());
    let first = deliver("out", &sender, address).unwrap();
    assert!(
        !first.sent.is_empty() && first.failed.is_empty(),
        "{first:?}"
    );
    let heard = server.heard();
    assert_eq!(heard.len(), first.sent.len());
    for body in &heard {
        let message: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!(message["blocks"].as_array().unwrap().len() <= 50);
    }
    let second = deliver("out", &sender, address).unwrap();
    assert_eq!(second.sent_before, first.sent);
    assert!(second.sent.is_empty());
    assert_eq!(server.heard().len(), heard.len());

    // a message that is refused is not sent again
    company.run("2026-06-29", "other", &[]).succeeded();
    let refusing = Listener::start("500 Internal Server Error");
    let sender = LocalSender::new(refusing.port);
    let refused = deliver("other", &sender, address).unwrap();
    assert!(refused.sent.is_empty());
    assert!(
        refused.failed.iter().all(|(_, why)| why.contains("500")),
        "{refused:?}"
    );
    let tries = refusing.heard().len();
    assert_eq!(tries, refused.failed.len());
    assert!(
        deliver("other", &sender, address)
            .unwrap()
            .failed
            .is_empty()
    );
    assert_eq!(refusing.heard().len(), tries);
    runtime.block_on(under_fire(&company.path("out"), &pipeline));
}

/// Takes down what it is to send.
#[derive(Default)]
struct Outbox(Mutex<Vec<Bytes>>);

#[async_trait]
impl Sender for Outbox {
    async fn send(&self, _: &Address, body: Bytes) -> kenko::error::Result<()> {
        self.0.lock().unwrap().push(body);
        Ok(())
    }
}

/// Every operation of handing over fails once, before and after it took effect. The next
/// time, all files are there, and nobody has had a message twice.
async fn under_fire(output: &Path, pipeline: &Pipeline) {
    let published = InMemory::new();
    for file in ["_kenko/log", "snapshots"].map(|folder| files(&output.join(folder))) {
        for file in file {
            let path = file.strip_prefix(output).unwrap().to_str().unwrap();
            let content = std::fs::read(&file).unwrap();
            let path = object_store::path::Path::from(path);
            published.put(&path, content.into()).await.unwrap();
        }
    }
    let address = Some("https://hooks.slack.com/services/T/B/key");
    let on = |store: Arc<dyn ObjectStore>| Storage::from_store("memory://out", store, "").unwrap();
    let counted = FaultStore::new(Arc::new(published.fork()));
    let clean = on(Arc::new(counted.clone()));
    let outbox = Outbox::default();
    let golden = hand_over(&clean, pipeline, address, &outbox).await.unwrap();
    let written = raw_content(&clean).await;
    assert!(golden.sent.len() > 1 && written.len() > golden.sent.len());
    for number in 0..counted.seen().len() {
        for fault in [Fault::Before, Fault::After] {
            let store: Arc<dyn ObjectStore> = Arc::new(published.fork());
            let faulty = FaultStore::failing(Arc::clone(&store), When::Nth(number), fault);
            let outbox = Outbox::default();
            let first = hand_over(&on(Arc::new(faulty)), pipeline, address, &outbox).await;
            let clean = on(store);
            hand_over(&clean, pipeline, address, &outbox).await.unwrap();
            let case = format!("{fault:?} {number}, first {first:?}");
            assert!(raw_content(&clean).await == written, "{case}");
            let sent = outbox.0.into_inner().unwrap();
            let different: BTreeSet<&Bytes> = sent.iter().collect();
            assert_eq!(different.len(), sent.len(), "{case}: a message twice");
            assert!(sent.len() + 1 >= golden.sent.len(), "{case}: messages lost");
        }
    }
}

/// What was handed over, by path.
async fn raw_content(storage: &Storage) -> BTreeMap<String, Bytes> {
    let mut found = BTreeMap::new();
    for object in storage.list("lists").await.unwrap() {
        let path = storage.relative(&object.location);
        let bytes = storage.get(&path).await.unwrap();
        found.insert(path, bytes.unwrap());
    }
    found
}

/// Accounts, days and events of the company whose lists are held against its truth.
const LARGE: [&str; 10] = [
    "sample",
    "--accounts",
    "350",
    "--days",
    "420",
    "--seed",
    "21",
    "--events",
    "120000",
    "--to",
];
/// Ninety days before the last day.
const BEFORE: &str = "2026-04-01";
const MARTS: &str = "[risk_list, churn_risk, risk_factor, task, loop_outcome]";

/// A company of which tasks that are done raise the answers by `effect`.
fn large(effect: &str) -> Company {
    let company = Company::nobody();
    company
        .kenko(&[&LARGE[..], &["testdata", "--play-effect", effect]].concat())
        .succeeded();
    company.write(
        "pipelines/nightly.yaml",
        &format!("marts: {MARTS}\n{SHIPPED_PIPELINE}"),
    );
    company
}

fn read(company: &Company, file: &str) -> Rows {
    let bytes = std::fs::read(company.path(file)).unwrap();
    Rows::from_parquet(file, bytes.into()).unwrap()
}

/// Accounts with a paid contract on a day.
fn payers(company: &Company, day: &str) -> BTreeSet<String> {
    let rows = read(company, "testdata/subscription.parquet");
    let day = kenko::time::epoch_days(day.parse().unwrap());
    let batch = rows.batch();
    let mrr = batch.column_by_name("mrr").unwrap();
    let mrr = mrr.as_primitive::<Decimal128Type>();
    (0..rows.len())
        .filter(|row| mrr.value(*row) > 0)
        .filter(|row| rows.day(*row, "started_on").unwrap() <= day)
        .filter(|row| rows.day(*row, "ended_on").is_none_or(|end| end > day))
        .filter_map(|row| rows.text(row, "account_id").map(str::to_owned))
        .collect()
}

/// The true probability of churn of each paying account on a day.
fn truth(company: &Company, day: &str) -> BTreeMap<String, f64> {
    let rows = read(company, "testdata/truth/account_day.parquet");
    let day = kenko::time::epoch_days(day.parse().unwrap());
    let batch = rows.batch();
    let days = batch.column_by_name("day").unwrap();
    let days = days.as_primitive::<Date32Type>();
    let risk = batch.column_by_name("churn_probability_90d").unwrap();
    let risk = risk.as_primitive::<Float64Type>();
    (0..rows.len())
        .filter(|row| days.value(*row) == day)
        .map(|row| {
            let account = rows.text(row, "account_id").unwrap().to_owned();
            (account, risk.value(row))
        })
        .collect()
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, n) = values
        .into_iter()
        .fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}

fn accounts(rows: &Rows) -> Vec<String> {
    (0..rows.len())
        .filter_map(|row| rows.text(row, "account_id").map(str::to_owned))
        .collect()
}

/// The risk list's first tenth holds at least three times the base rate of later churn, and
/// silence is flagged where leaving is more likely.
fn risk_and_silence_come_true(company: &Company) {
    company.run(BEFORE, "before", &[]).succeeded();
    let later = payers(company, "2026-06-30");
    let risk = company.table("before", "churn_risk");
    let mut ranked: Vec<(String, f64)> = (0..risk.len())
        .map(|row| {
            let account = risk.text(row, "account_id").unwrap().to_owned();
            (account, risk.float(row, "churn_probability").unwrap())
        })
        .collect();
    ranked.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    let left = |account: &String| f64::from(u8::from(!later.contains(account)));
    let base = mean(ranked.iter().map(|(account, _)| left(account)));
    let decile = ranked.len() / 10;
    let top = mean(ranked[..decile].iter().map(|(account, _)| left(account)));
    let list = company.table("before", "risk_list").sorted_by("rank");
    let listed = accounts(&list);
    let first = mean(listed.iter().take(decile).map(left));
    eprintln!(
        "{} payers, base rate {base:.4}; top decile by probability {top:.4}, first {decile} of the \
         risk list {first:.4}",
        ranked.len()
    );
    assert!(base > 0.0);
    assert!(top >= 3.0 * base, "{top} against {base}");
    assert!(first >= 3.0 * base, "{first} against {base}");

    let true_risk = truth(company, BEFORE);
    let factors = company.table("before", "risk_factor");
    let flagged: BTreeSet<String> = accounts(&factors.only("factor", &["mostly_silent"]))
        .into_iter()
        .collect();
    let (silent, heard): (Vec<_>, Vec<_>) = ranked
        .iter()
        .map(|(account, _)| account)
        .filter(|account| true_risk.contains_key(*account))
        .partition(|account| flagged.contains(*account));
    let of = |group: &[&String]| mean(group.iter().map(|account| true_risk[*account]));
    eprintln!(
        "silent: {} accounts, true risk {:.4}; others: {}, {:.4}",
        silent.len(),
        of(&silent),
        heard.len(),
        of(&heard),
    );
    assert!(of(&silent) > of(&heard));
}

/// The share that was kept out shows an effect in the answers where the simulation put one,
/// and none in anything else.
fn the_holdout_shows_an_effect(company: &Company, is_there: bool) {
    company.run("2026-06-30", "out", &[]).succeeded();
    let rows = company
        .table("out", "loop_outcome")
        .only("task_type", &["risk"]);
    assert_eq!(rows.len(), 3);
    for row in 0..rows.len() {
        let outcome = rows.text(row, "outcome").unwrap();
        let low = rows.float(row, "difference_low").unwrap();
        let high = rows.float(row, "difference_high").unwrap();
        eprintln!(
            "effect {is_there}, {outcome}: {} of {} against {} of {}, difference {low:.3} to {high:.3}",
            rows.integer(row, "better_task").unwrap(),
            rows.integer(row, "n_task").unwrap(),
            rows.integer(row, "better_held_out").unwrap(),
            rows.integer(row, "n_held_out").unwrap(),
        );
        if is_there && outcome == "answer" {
            assert!(low > 0.0, "{low} to {high}");
        } else {
            assert!(low <= 0.0 && high >= 0.0, "{outcome}: {low} to {high}");
        }
    }
}

#[test]
fn claims_of_the_lists_hold_against_the_truth() {
    let company = large("0");
    risk_and_silence_come_true(&company);
    the_holdout_shows_an_effect(&company, false);
    the_holdout_shows_an_effect(&large("3"), true);
}
