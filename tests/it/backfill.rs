//! Many nights in one go: a backfill from nothing that is stopped in the middle and goes on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use kenko::error::ErrorKind;
use kenko::run::{Backfill, Event, Observer, Outcome, Project, backfill, days_between};
use kenko::storage::Storage;

use crate::fire::on_threads;
use crate::reuse::{FIRST, MODELS, Office, PIPELINE, name, number};
use crate::support::company::files;

/// Nights of the backfill.
const NIGHTS: i32 = 5;
/// Days of events before the first of them.
const EARLIER: i32 = 4;

/// Takes down which day begins, and how many days of models it computes.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Observer for Notes {
    fn observe(&self, event: Event<'_>) {
        let note = match event {
            Event::Day { number, of, as_of } => format!("{number} of {of}: {as_of}"),
            Event::Planned { days, .. } => format!("computes {days}"),
            _ => return,
        };
        self.0.lock().unwrap().push(note);
    }
}

impl Notes {
    fn all(self) -> Vec<String> {
        self.0.into_inner().unwrap()
    }
}

async fn backfilled(office: &Office, project: &Project, notes: &Notes) -> Backfill {
    let first = number(FIRST);
    let days = days_between(project, &name(first), &name(first + NIGHTS - 1)).unwrap();
    backfill(project, &days, &office.options(first, "out"), notes).await
}

fn delivered() -> Office {
    let office = Office::new(EARLIER);
    for night in 1..NIGHTS {
        office.deliver(number(FIRST) + night, 0);
    }
    office
}

/// What readers see, by path.
fn shown(output: &Path) -> BTreeMap<String, Vec<u8>> {
    let folders = ["latest", "history"].map(|folder| files(&output.join(folder)));
    let named = folders.into_iter().flatten().map(|file| {
        let path = file.strip_prefix(output).unwrap().to_str().unwrap();
        (path.to_owned(), fs::read(&file).unwrap())
    });
    named.collect()
}

#[test]
fn a_backfill_shares_days_stops_at_a_failure_and_goes_on_from_there() {
    on_threads(|| async {
        let office = delivered();
        let project = office.project(PIPELINE, &MODELS);
        let first = number(FIRST);
        // Somebody's file lies where the fourth day has to publish.
        let stopped_on = first + 3;
        let theirs = office.path(&format!(
            "out/history/account_use/as_of={}/account_use.parquet",
            name(stopped_on)
        ));
        fs::create_dir_all(theirs.parent().unwrap()).unwrap();
        fs::write(&theirs, "mine").unwrap();

        let notes = Notes::default();
        let stopped = backfilled(&office, &project, &notes).await;
        let failure = stopped.failure.unwrap();
        assert_eq!(failure.kind(), ErrorKind::Usage, "{}", failure.render());
        assert_eq!(stopped.days.len(), 4);
        assert!(stopped.days[3].outcome.is_none());
        let begins = |night: i32| format!("{} of {NIGHTS}: {}", night + 1, name(first + night));
        // The first day computes all there is, each later one its own day.
        let new = "computes 1".to_owned();
        let expected = [
            begins(0),
            format!("computes {EARLIER}"),
            begins(1),
            new.clone(),
            begins(2),
            new.clone(),
            begins(3),
            new.clone(),
        ];
        assert_eq!(notes.all(), expected);

        fs::remove_file(&theirs).unwrap();
        let notes = Notes::default();
        let resumed = backfilled(&office, &project, &notes).await;
        assert!(resumed.failure.is_none(), "{:?}", resumed.failure);
        let is_published = |day: &kenko::run::BackfilledDay| match day.outcome {
            Some(Outcome::Published(_)) => true,
            Some(Outcome::AlreadyDone(_)) => false,
            _ => panic!("{day:?}"),
        };
        let published: Vec<bool> = resumed.days.iter().map(is_published).collect();
        assert_eq!(published, [false, false, false, true, true]);
        let expected = [
            begins(0),
            begins(1),
            begins(2),
            begins(3),
            "computes 0".to_owned(),
            begins(4),
            new,
        ];
        assert_eq!(notes.all(), expected, "the failed day had computed its own");

        let untroubled = delivered();
        let project = untroubled.project(PIPELINE, &MODELS);
        let golden = backfilled(&untroubled, &project, &Notes::default()).await;
        assert!(golden.failure.is_none());
        assert!(shown(&office.path("out")) == shown(&untroubled.path("out")));
        let log = Storage::open(office.path("out").to_str().unwrap()).unwrap();
        let log = kenko::publish::commits(&log).await.unwrap();
        let days: Vec<&str> = log.iter().map(|commit| commit.as_of.as_str()).collect();
        let expected: Vec<String> = (0..NIGHTS).map(|night| name(first + night)).collect();
        assert_eq!(days, expected, "each day is published once, in order");
    });
}
