//! The same bytes on any number of threads, and however the extracts are cut
//! into files.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::figures::{Case, Figures};
use super::killed::blocking;
use super::operations::{World, memory};
use super::oracle::{End, Verdict, settled, whole_log};
use super::small::{FIRST, SECOND, Small, night_on};
use crate::support::company::Company;

/// A company of several batches of days and many of rows.
const LARGE: [&str; 9] = [
    "sample",
    "--accounts",
    "300",
    "--days",
    "400",
    "--events",
    "700000",
    "--to",
    "testdata",
];

/// Both days on `threads`, with the events dealt out to so many files, for
/// each number of parts; every published byte must be that of the first time.
pub(super) async fn reruns(
    world: &World,
    threads: usize,
    parts: impl Iterator<Item = usize>,
) -> Figures {
    let name = format!("{threads} threads, events dealt out to files anew each time");
    let mut figures = Figures::new(name);
    let small = Small::new();
    for parts in parts {
        small.deal_events_anew(parts);
        let case = both_days(world, &small, threads).await;
        figures.add(&format!("{parts} files of events"), case);
    }
    figures
}

async fn both_days(world: &World, small: &Small, threads: usize) -> Verdict<Case> {
    let storage = memory(Arc::new(object_store::memory::InMemory::new()));
    let project = small.project();
    let mut last = None;
    for day in [FIRST, SECOND] {
        let end = End::of(&night_on(&project, storage.clone(), day, threads).await);
        if end.code != Some(0) {
            return Err(end.told);
        }
        last = Some(end);
    }
    let log = whole_log(&storage, &world.golden).await?;
    settled(&storage, &log).await?;
    Ok(Case {
        end: last.ok_or("no day was run")?,
        is_committed: log.len() == 2,
        looks: 0,
    })
}

/// A night of the shipped pipeline on a larger company, every extract dealt out anew for
/// each number of threads and of files.
pub(super) async fn shipped(cases: impl IntoIterator<Item = (usize, usize)>) -> Figures {
    let golden = blocking(|| night_of_large(2, None)).await;
    let mut figures = Figures::new("the shipped pipeline, every extract dealt out anew");
    for (threads, parts) in cases {
        let (end, tables) = blocking(move || night_of_large(threads, Some(parts))).await;
        let place = format!("{threads} threads, {parts} files of each");
        let case = if end.code == Some(0) && tables == golden.1 {
            Ok(Case {
                end,
                is_committed: true,
                looks: 0,
            })
        } else {
            let names = tables
                .keys()
                .filter(|name| tables.get(*name) != golden.1.get(*name));
            Err(format!("{:?}, {:?}", end.code, names.collect::<Vec<_>>()))
        };
        figures.add(&place, case);
    }
    figures
}

/// How it ended, and what readers see.
fn night_of_large(threads: usize, parts: Option<usize>) -> (End, BTreeMap<String, Vec<u8>>) {
    let company = Company::nobody();
    company.write("pipelines/nightly.yaml", kenko::config::SHIPPED_PIPELINE);
    company.kenko(&LARGE).succeeded();
    if let Some(parts) = parts {
        company.deal_anew(parts);
    }
    let machine = ["--threads", &threads.to_string(), "--memory", "4GiB"];
    let night = company.run(SECOND, "out", &machine);
    let end = End {
        code: Some(night.code()),
        told: night.messages(),
    };
    (end, company.published("out"))
}
