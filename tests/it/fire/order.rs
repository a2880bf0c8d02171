//! The same bytes on any number of threads, and however the extracts are cut
//! into files.

use std::sync::Arc;

use super::figures::{Case, Figures};
use super::operations::{World, memory};
use super::oracle::{End, Verdict, settled, whole_log};
use super::small::{FIRST, SECOND, Small, night_on};

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
