//! The graph as of past days: the results are those of a night of that day, they
//! are computed once, and nothing of them is published.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;

use kenko::config::contract;
use kenko::error::{Error, ErrorKind};
use kenko::run::{
    CutoffRequest, Cutoffs, Event, Observer, Project, PruneOptions, RunOptions, Silent,
};
use kenko::time::{date_of, epoch_days, parse_date};

use crate::fire::on_threads;
use crate::prune::EVERYTHING;
use crate::reuse::{FIRST, MODELS, Office, PIPELINE, number};
use crate::support::company::{Company, files};
use crate::support::extract;

/// The days that had to be computed, of every plan.
#[derive(Default)]
struct Planned(Mutex<Vec<usize>>);

impl Observer for Planned {
    fn observe(&self, event: Event<'_>) {
        if let Event::Planned { days, .. } = event {
            self.0.lock().unwrap().push(days);
        }
    }
}

async fn cutoffs(
    project: &Project,
    options: &RunOptions,
    days: &[i32],
    models: &[&str],
    observer: &dyn Observer,
) -> Result<Cutoffs, Error> {
    let models: Vec<String> = models.iter().map(|model| (*model).to_owned()).collect();
    let days = days
        .iter()
        .map(|day| (date_of(*day).unwrap(), models.clone()));
    let request = CutoffRequest {
        purpose: "test",
        models: days.collect(),
    };
    kenko::run::cutoffs(project, &request, options, observer).await
}

/// The bytes of every result, by day and model.
fn bytes(cutoffs: &Cutoffs) -> BTreeMap<(String, String), Vec<u8>> {
    let results = cutoffs.results.iter();
    let files = results.flat_map(|result| {
        let day = result.as_of.to_string();
        let files = result.files.iter();
        files.map(move |(model, file)| ((day.clone(), model.clone()), fs::read(file).unwrap()))
    });
    files.collect()
}

fn are_reused(cutoffs: &Cutoffs) -> Vec<bool> {
    let results = cutoffs.results.iter();
    results.map(|result| result.is_reused).collect()
}

#[test]
fn a_cutoff_is_a_night_of_that_day_that_nobody_sees() {
    on_threads(|| async {
        let office = Office::new(9);
        let project = office.project(PIPELINE, &MODELS);
        let first = number(FIRST);
        let days = [first - 5, first - 2];
        let options = office.options(first, "out");
        let models = ["account_use", "stg_account"];
        let found = cutoffs(&project, &options, &days, &models, &Silent)
            .await
            .unwrap();
        assert_eq!(are_reused(&found), [false, false]);
        assert_eq!(found.newest.to_string(), FIRST);
        let found = bytes(&found);
        assert_eq!(found.len(), 4);
        assert!(!office.path("out/latest").exists(), "nothing is published");
        assert!(
            !office.path("out/_kenko/log").exists(),
            "nothing is published"
        );
        for day in days {
            let alone = format!("alone-{day}");
            let options = office.options(day, &alone);
            kenko::run::run(&project, &options, &Silent).await.unwrap();
            let table = office.path(&format!("{alone}/latest/account_use.parquet"));
            let name = date_of(day).unwrap().to_string();
            assert_eq!(
                found[&(name, "account_use".to_owned())],
                fs::read(table).unwrap()
            );
        }
    });
}

#[test]
fn results_of_past_days_are_computed_once_and_outlive_a_prune() {
    on_threads(|| async {
        let office = Office::new(9);
        let project = office.project(PIPELINE, &MODELS);
        let first = number(FIRST);
        office.night(&project, first).await.unwrap();
        let options = office.options(first, "out");
        let planned = Planned::default();
        let days = [first - 5, first - 2];
        let models = ["account_use"];
        let found = cutoffs(&project, &options, &days, &models, &planned)
            .await
            .unwrap();
        assert_eq!(*planned.0.lock().unwrap(), [0, 0], "days are shared");

        let output = options.output.clone().unwrap();
        let prune = PruneOptions {
            keep_results: 0,
            ..EVERYTHING
        };
        assert!(!kenko::run::prune(&output, prune).await.unwrap().is_empty());
        let again = cutoffs(&project, &options, &days, &models, &planned)
            .await
            .unwrap();
        assert_eq!(are_reused(&again), [true, true]);
        assert_eq!(bytes(&found), bytes(&again));

        // Only what the newest use took is kept.
        let days = [first - 2, first];
        let moved = cutoffs(&project, &options, &days, &models, &Silent)
            .await
            .unwrap();
        assert_eq!(are_reused(&moved), [true, false]);
        kenko::run::prune(&output, prune).await.unwrap();
        let days = [first - 5, first - 2];
        let moved = cutoffs(&project, &options, &days, &models, &Silent)
            .await
            .unwrap();
        assert_eq!(are_reused(&moved), [false, true]);
        assert_eq!(bytes(&found), bytes(&moved));
    });
}

#[test]
fn days_to_come_and_models_without_a_table_are_refused() {
    on_threads(|| async {
        let office = Office::new(5);
        let project = office.project(PIPELINE, &MODELS);
        let first = number(FIRST);
        let options = office.options(first, "out");
        for (day, model) in [
            (first + 1, "account_use"),
            (first, "stg_event"),
            (first, "int_account_day"),
            (first, "nothing"),
        ] {
            let refused = cutoffs(&project, &options, &[day], &[model], &Silent).await;
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
        }
    });
}

/// Features, health and risk of a past day, by the committed extracts in `company`.
async fn scores(company: &Company, newest: &str, day: i32) -> BTreeMap<(String, String), Vec<u8>> {
    let file = company.path("pipelines/nightly.yaml");
    let project = Project::load(file.to_str().unwrap()).await.unwrap();
    let options = RunOptions {
        as_of: Some(newest.to_owned()),
        output: None,
        select: Vec::new(),
        threads: 2,
        memory_bytes: 8 << 30,
        full: false,
    };
    let models = ["int_account_feature", "account_health", "churn_risk"];
    let found = cutoffs(&project, &options, &[day], &models, &Silent)
        .await
        .unwrap();
    bytes(&found)
}

/// Cuts every extract of `company` at the end of `day`, in the files themselves.
fn cut(company: &Company, day: i32) {
    let contracts = contract::shipped().unwrap();
    let root = company.path("testdata");
    for file in files(&root) {
        let relative = file.strip_prefix(&root).unwrap().to_str().unwrap();
        let name = relative.split(['/', '.']).next().unwrap();
        let Some(contract) = contracts
            .get(name)
            .filter(|_| relative.ends_with(".parquet"))
        else {
            continue;
        };
        let cut = extract::known_on(&extract::read(&file), contract, day);
        if cut.num_rows() == 0 && relative.contains('/') {
            fs::remove_file(&file).unwrap();
        } else {
            extract::write(&file, &cut);
        }
    }
}

#[test]
fn features_of_a_past_day_are_those_of_extracts_cut_on_that_day() {
    on_threads(|| async {
        let day = epoch_days(parse_date("2026-04-15").unwrap());
        let whole = Company::committed();
        let today = scores(&whole, "2026-06-30", day).await;
        let past = Company::committed();
        cut(&past, day);
        let then = scores(&past, "2026-04-15", day).await;
        assert_eq!(today.len(), 3);
        for (name, bytes) in &today {
            assert!(then[name] == *bytes, "{name:?} knows what came later");
        }
    });
}

const BACKTEST: [&str; 6] = [
    "backtest",
    "pipelines/nightly.yaml",
    "--as-of",
    "2026-06-30",
    "--output",
    "out",
];

#[test]
fn a_backtest_is_published_by_the_nights_after_it_if_it_is_good_enough() {
    let company = Company::committed();
    company.run("2026-06-30", "out", &[]).succeeded();
    assert!(company.table("out", "health_backtest").is_empty());

    // Asking for the impossible changes nothing.
    let text = kenko::config::SHIPPED_PIPELINE;
    let strict = text
        .replace("  # minimum_auc: 0.65\n", "  minimum_auc: 1\n")
        .replace("  minimum_losses: 30\n", "  minimum_losses: 1\n");
    company.write("pipelines/nightly.yaml", &strict);
    let refused = company.kenko(&BACKTEST);
    assert_eq!(refused.code(), 3, "{}", refused.messages());
    assert!(refused.messages().contains("backtest_minimum"));
    assert!(!company.path("out/_kenko/past.json").exists());

    company.write("pipelines/nightly.yaml", text);
    let found = company.kenko(&BACKTEST).succeeded();
    assert!(found.stdout().contains("churn_probability"));
    assert!(
        company.table("out", "health_backtest").is_empty(),
        "only a night publishes"
    );
    company.run("2026-06-30", "out", &[]).succeeded();
    let published = company
        .table("out", "health_backtest")
        .only("cutoff", &["all"]);
    assert_eq!(published.len(), 2);
    assert!(published.integer(0, "losses").unwrap() > 0);
    let before = company.published("out");

    // A night that demands more than was found ends and publishes nothing.
    company.write("pipelines/nightly.yaml", &strict);
    let night = company.run("2026-06-30", "out", &[]);
    assert_eq!(night.code(), 3, "{}", night.messages());
    assert!(company.published("out") == before);
}
