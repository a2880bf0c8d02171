//! Several writers of one day: processes that race, and a writer that sleeps
//! while a newer one publishes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kenko::publish::{Commit, commits};
use kenko::storage::Storage;

use super::figures::{Case, Figures};
use super::killed::{Dice, LocalWorld, Night as _, blocking};
use super::operations::{Tried, World, collect, memory};
use super::oracle::{End, Golden, Reader, Verdict, settled, whole_log};
use super::process::Process;
use super::small::{SECOND, Small, night};
use crate::support::fault::{Fault, FaultStore, When};

/// The exit code of a run that another one of the same day has overtaken.
const OVERTAKEN: i32 = 4;
/// How a sleeper may end: published, its extracts changed before the commit (3)
/// or while they were read (5), overtaken.
const SLEEPER: [Option<i32>; 4] = [Some(0), Some(3), Some(OVERTAKEN), Some(5)];

/// What both the older and the newer extracts must give.
pub(super) struct Rivalry {
    pub(super) world: Arc<World>,
    /// The company with the newer extracts.
    newer: Small,
    golden: Arc<Golden>,
    /// The tables of the second day from the older and from the newer extracts.
    older_tables: BTreeSet<String>,
}

impl Rivalry {
    pub(super) async fn new(world: &Arc<World>) -> Self {
        let newer = Small::new();
        newer.deliver(true);
        let mut golden = Golden::clone(&world.golden);
        let mut hashes = Vec::new();
        for project in [&*world.project, &newer.project()] {
            let storage = memory(world.output());
            night(project, storage.clone(), SECOND).await.unwrap();
            let log = commits(&storage).await.unwrap();
            hashes.push(hashes_of(&log[1]));
            golden.add(&log);
        }
        assert_ne!(hashes[0], hashes[1], "newer extracts change nothing");
        Self {
            world: Arc::clone(world),
            newer,
            golden: Arc::new(golden),
            older_tables: hashes.swap_remove(0),
        }
    }

    /// Whether the older extracts' night is in the log.
    fn has_older(&self, log: &[Commit]) -> bool {
        log.iter()
            .any(|commit| commit.as_of == SECOND && hashes_of(commit) == self.older_tables)
    }

    fn has_newer(&self, log: &[Commit]) -> bool {
        log.iter()
            .any(|commit| commit.as_of == SECOND && hashes_of(commit) != self.older_tables)
    }

    /// `count` processes start the second day at once; with `is_mixed` every
    /// other one reads the newer extracts.
    pub(super) async fn race(
        &self,
        local: &LocalWorld,
        count: usize,
        is_mixed: bool,
        rounds: usize,
        name: &str,
    ) -> Figures {
        let mut figures = Figures::new(name);
        for round in 0..rounds {
            for case in self.one_race(local, count, is_mixed).await {
                figures.add(&format!("round {round}"), case);
            }
        }
        figures
    }

    async fn one_race(
        &self,
        local: &LocalWorld,
        count: usize,
        is_mixed: bool,
    ) -> Vec<Verdict<Case>> {
        let output = local.output();
        let storage = super::killed::folder(output.path());
        let reader = Reader::start(&storage, &self.golden);
        let companies = [&self.world.small, &self.newer].map(|small| small.folder().to_owned());
        let path = output.path().to_owned();
        let ends = blocking(move || run_together(&companies, &path, count, is_mixed)).await;
        let judged = self.judge_race(&storage, &ends).await;
        match (judged, reader.stop().await) {
            (Ok(log), Ok(looks)) => {
                let cases = ends.into_iter().enumerate();
                let case = |(number, (is_newer, end))| {
                    let is_committed = if is_newer {
                        self.has_newer(&log)
                    } else {
                        self.has_older(&log)
                    };
                    Ok(Case {
                        end,
                        is_committed,
                        looks: if number == 0 { looks } else { 0 },
                    })
                };
                cases.map(case).collect()
            }
            (Err(told), _) | (_, Err(told)) => vec![Err(told)],
        }
    }

    async fn judge_race(&self, storage: &Storage, ends: &[(bool, End)]) -> Verdict<Vec<Commit>> {
        let log = whole_log(storage, &self.golden).await?;
        if let Some((_, end)) = ends
            .iter()
            .find(|(_, end)| ![Some(0), Some(OVERTAKEN)].contains(&end.code))
        {
            return Err(format!("a racer ended with {:?}", end.code));
        }
        // A racer that was overtaken may have a twin that started later and was
        // not: what is in the log is what any of those twins says.
        for (is_newer, is_committed) in
            [(false, self.has_older(&log)), (true, self.has_newer(&log))]
        {
            let won = |(newer, end): &(bool, End)| *newer == is_newer && end.code == Some(0);
            if ends.iter().any(won) != is_committed {
                return Err(format!(
                    "in the log: {is_committed}, newer: {is_newer}: {ends:?}"
                ));
            }
        }
        // All are over, so the copies are finished before anybody runs again.
        settled(storage, &log).await?;
        for (is_newer, project) in [(false, &*self.world.project), (true, &self.newer.project())] {
            if !ends
                .iter()
                .any(|(newer, end)| *newer == is_newer && end.code == Some(0))
            {
                continue;
            }
            let before = whole_log(storage, &self.golden).await?;
            // Who runs again after another one has replaced it is now the newest.
            let shows_older = before.last().map(hashes_of).as_ref() == Some(&self.older_tables);
            let is_shown = shows_older != is_newer;
            let expected = if is_shown { "already" } else { "published" };
            let again = End::of(&night(project, storage.clone(), SECOND).await);
            if !again.told.starts_with(expected) {
                return Err(format!("the plain rerun: {}, not {expected}", again.told));
            }
            let after = whole_log(storage, &self.golden).await?;
            settled(storage, &after).await?;
            if after.len() - before.len() != usize::from(!is_shown) {
                return Err("the plain rerun published too much".to_owned());
            }
        }
        Ok(log)
    }

    /// A writer sleeps before or after every operation, one a night, while its
    /// extracts are delivered anew and a newer night publishes them.
    pub(super) async fn sleepers(
        self: &Arc<Self>,
        fault: Fault,
        name: &str,
        numbers: impl Iterator<Item = usize>,
    ) -> Figures {
        let cases = numbers.map(|number| {
            let rivalry = Arc::clone(self);
            tokio::spawn(async move { rivalry.sleeper(fault, number).await })
        });
        collect(Figures::new(name), cases).await
    }

    async fn sleeper(&self, fault: Fault, number: usize) -> Tried {
        let small = Small::new();
        let project = Arc::new(small.project());
        let store = self.world.output();
        let clean = memory(Arc::clone(&store));
        let sleepy = FaultStore::failing(store, When::Nth(number), fault);
        let reader = Reader::start(&clean, &self.golden);
        let mut sleeper = {
            let (project, output) = (Arc::clone(&project), memory(Arc::new(sleepy.clone())));
            tokio::spawn(async move { End::of(&night(&project, output, SECOND).await) })
        };
        // A night may have fewer operations than the last one.
        let early = tokio::select! {
            () = sleepy.fallen_asleep() => None,
            end = &mut sleeper => Some(end),
        };
        small.deliver(true);
        let newer = End::of(&night(&project, clean.clone(), SECOND).await);
        sleepy.wake();
        let end = match early {
            Some(end) => end.unwrap(),
            None => sleeper.await.unwrap(),
        };
        let place = sleepy.seen().get(number).cloned().unwrap_or_default();
        let judged = self.judge_sleeper(&project, &clean, &end, &newer).await;
        let looked = reader.stop().await;
        let case = judged.and_then(|is_committed| {
            Ok(Case {
                end: end.clone(),
                is_committed,
                looks: looked?,
            })
        });
        let case = case.map_err(|told| format!("{told}; the sleeper: {}", end.told));
        (format!("operation {number} ({place})"), Some(case))
    }

    async fn judge_sleeper(
        &self,
        project: &kenko::run::Project,
        clean: &Storage,
        end: &End,
        newer: &End,
    ) -> Verdict<bool> {
        if newer.code != Some(0) {
            return Err(format!("the newer night: {}", newer.told));
        }
        let log = whole_log(clean, &self.golden).await?;
        let is_committed = self.has_older(&log);
        end.is_exact(is_committed)?;
        if !SLEEPER.contains(&end.code) {
            return Err("a sleeper may end with 0, 3, 4 or 5 only".to_owned());
        }
        let again = End::of(&night(project, clean.clone(), SECOND).await);
        if !again.told.starts_with("already") {
            return Err(format!("the plain rerun: {}", again.told));
        }
        let log = whole_log(clean, &self.golden).await?;
        let newest = log.last().map(hashes_of);
        if newest.is_none() || newest.as_ref() == Some(&self.older_tables) {
            return Err("the newest version is that of the sleeper".to_owned());
        }
        settled(clean, &log).await?;
        Ok(is_committed)
    }

    /// A process is stopped at a random time after it began to publish, a newer
    /// night publishes, and the process is woken.
    pub(super) async fn stopped(
        &self,
        local: &LocalWorld,
        rounds: usize,
        seed: u64,
        name: &str,
    ) -> Figures {
        let mut dice = Dice(seed);
        let mut figures = Figures::new(name);
        for round in 0..rounds {
            let wait = dice.between(0.0, 0.08);
            let case = self.one_stopped(local, wait).await;
            figures.add(&format!("round {round}"), case);
        }
        figures
    }

    async fn one_stopped(&self, local: &LocalWorld, wait: f64) -> Verdict<Case> {
        let small = Small::new();
        let project = small.project();
        let output = local.output();
        let storage = super::killed::folder(output.path());
        let reader = Reader::start(&storage, &self.golden);
        let (company, path) = (small.folder().to_owned(), output.path().to_owned());
        let process = blocking(move || stop_while_publishing(&company, &path, wait)).await;
        small.deliver(true);
        let newer = End::of(&night(&project, storage.clone(), SECOND).await);
        process.signal("-CONT");
        let end = blocking(move || process.end()).await;
        let judged = self.judge_sleeper(&project, &storage, &end, &newer).await;
        let looked = reader.stop().await;
        Ok(Case {
            is_committed: judged?,
            end,
            looks: looked?,
        })
    }
}

fn stop_while_publishing(company: &Path, output: &Path, wait: f64) -> Process {
    let mut process = Process::start(company, output, None);
    super::killed::until_staging(&mut process, output);
    std::thread::sleep(Duration::from_secs_f64(wait));
    process.signal("-STOP");
    process
}

/// Starts processes together and waits for all; each with whether it reads the
/// newer extracts.
fn run_together(
    companies: &[PathBuf; 2],
    output: &Path,
    count: usize,
    is_mixed: bool,
) -> Vec<(bool, End)> {
    let start = |number: usize| {
        let is_newer = is_mixed && number % 2 == 1;
        let company = &companies[usize::from(is_newer)];
        (is_newer, Process::start(company, output, None))
    };
    let started: Vec<(bool, Process)> = (0..count).map(start).collect();
    started
        .into_iter()
        .map(|(is_newer, process)| (is_newer, process.end()))
        .collect()
}

/// Tables stand in a commit in the order in which they were finished.
fn hashes_of(commit: &Commit) -> BTreeSet<String> {
    let tables = commit.tables.iter();
    tables.map(|table| table.sha256.clone()).collect()
}
