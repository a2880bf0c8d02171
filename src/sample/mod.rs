//! A simulated company with a known truth.
//!
//! [`write()`] makes the extracts of a B2B company as `config`'s contracts
//! describe them, and beside them, under `truth/`, what no extract shows: the
//! hidden state of every customer on every day and the true probability that
//! it is gone within 90 days. Same seed, same bytes, on any number of threads:
//! every draw comes from a stream that is named by seed, purpose, account and
//! day, and rows are written in order of accounts, events in order of time.
//!
//! Memory is bounded by construction. Stories are told for a group of accounts
//! at a time and turned into column batches; of each account a compact memory
//! remains (a few hundred bytes, about 100 a person, one a day). Events exist
//! for as many days at once as there are threads, some 40 bytes each, and leave
//! as finished files; the other tables grow as finished Parquet pages.
//!
//! No input is read, and nothing in kenko reads the truth.

mod activity;
mod calendar;
mod chain;
mod contract;
mod deal;
mod draw;
mod event;
mod experiment;
mod extract;
mod firm;
mod happening;
mod life;
mod names;
mod play;
mod portfolio;
mod rate;
mod readme;
mod service;
mod table;
mod telling;
mod truth;
mod voice;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use bytes::Bytes;
use jiff::civil::Date;
use rayon::prelude::*;
use tokio::sync::mpsc;

use crate::error::{Error, ErrorKind, Result};
use crate::storage::Storage;
use crate::time::Zone;
use activity::{Expected, Resident};
use calendar::Calendar;
use event::{DayFile, Dirt};
use extract::{Piece, Scribe, layouts};
use life::Life;
use table::{File, Layout};

pub use chain::WorldKind;

/// Most accounts that a simulated company can have.
pub const MOST_ACCOUNTS: u32 = 100_000;
/// Most days of a simulated company's window.
pub const MOST_DAYS: u32 = 3_660;

/// Accounts whose stories are told in one piece; fixed, because pieces shape
/// the pages of the files.
const PIECE_ACCOUNTS: u32 = 256;
/// Rows of truth above which it is written weekly.
const DAILY_TRUTH_ACCOUNT_DAYS: u64 = 4_000_000;

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Company {
    /// Number of accounts, 1 to [`MOST_ACCOUNTS`].
    pub accounts: u32,
    /// Days of events, tickets and surveys, 1 to [`MOST_DAYS`]; contracts and
    /// deals reach back about 1000 days further.
    pub days: u32,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// What it follows from that a customer leaves.
    pub world: WorldKind,
    /// Last day of the window.
    pub last_day: Date,
    /// Zone of days and office hours.
    pub zone: Zone,
    /// About how many events; `None` means 2.5 for each account and day.
    pub events: Option<u64>,
    /// Every how many days the truth is written; `None` means every day, and
    /// every seventh for large companies.
    pub truth_every_days: Option<u32>,
    /// Points of ten by which people answer higher after a task about their account was
    /// done; 0 changes nothing.
    pub play_effect: f64,
}

impl Company {
    /// A company whose last day is 2026-06-30 in Tokyo, with ordinary activity.
    ///
    /// # Errors
    /// Never in practice: the zone is built in.
    pub fn new(accounts: u32, days: u32, seed: u64) -> Result<Self> {
        Ok(Self {
            accounts,
            days,
            seed,
            world: WorldKind::default(),
            last_day: Date::constant(2026, 6, 30),
            zone: Zone::parse("Asia/Tokyo")?,
            events: None,
            truth_every_days: None,
            play_effect: 0.0,
        })
    }

    fn target_events(&self) -> u64 {
        let account_days = u64::from(self.accounts) * u64::from(self.days);
        self.events.unwrap_or(account_days * 5 / 2)
    }

    fn truth_step(&self) -> u32 {
        let account_days = u64::from(self.accounts) * u64::from(self.days);
        let usual = if account_days > DAILY_TRUTH_ACCOUNT_DAYS {
            7
        } else {
            1
        };
        self.truth_every_days.unwrap_or(usual)
    }

    fn validate(&self) -> Result<()> {
        if !(1..=MOST_ACCOUNTS).contains(&self.accounts) {
            return Err(
                Error::usage(format!("{} accounts cannot be simulated", self.accounts))
                    .with_hint(format!("ask for 1 to {MOST_ACCOUNTS} accounts")),
            );
        }
        if !(1..=MOST_DAYS).contains(&self.days) {
            return Err(
                Error::usage(format!("{} days cannot be simulated", self.days))
                    .with_hint(format!("ask for 1 to {MOST_DAYS} days")),
            );
        }
        if !(0.0..=10.0).contains(&self.play_effect) {
            return Err(Error::usage(
                "the effect of tasks must lie within 0 and 10 points",
            ));
        }
        Ok(())
    }
}

/// Rows and bytes of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableSize {
    /// Rows.
    pub rows: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// Number of files.
    pub files: u64,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Size of each table, by path without `.parquet`.
    pub tables: BTreeMap<String, TableSize>,
    /// Bytes of all tables.
    pub bytes: u64,
}

/// How far the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `accounts` first, then `days`.
    pub unit: &'static str,
    /// Finished so far.
    pub done: u64,
    /// Of so many.
    pub total: u64,
}

/// Everything that events are made of.
struct World {
    seed: u64,
    calendar: Calendar,
    residents: Vec<Resident>,
    /// Factor on the product's use.
    scale: f64,
}

impl World {
    fn resident(&self, position: u32) -> &Resident {
        &self.residents[position as usize]
    }
}

/// What the simulation hands to the writer.
enum Message {
    File {
        table: String,
        path: String,
        rows: u64,
        bytes: Bytes,
    },
    Progress(Progress),
    Done(Box<Dirt>),
}

/// Simulates the company on `threads` threads (0: all there are) and writes
/// its extracts, the truth and a README into `to`.
///
/// # Errors
/// [`ErrorKind::Usage`] for sizes that cannot be simulated and for a folder
/// that holds events of another simulation; those of [`Storage::put`].
pub async fn write(
    company: &Company,
    to: &Storage,
    threads: usize,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Summary> {
    company.validate()?;
    let calendar = Calendar::new(company.last_day, company.days, &company.zone)?;
    refuse_leftovers(&calendar, to).await?;
    let (sender, mut receiver) = mpsc::channel(4);
    let simulated = company.clone();
    let work = tokio::task::spawn_blocking(move || {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|cause| {
                Error::new(ErrorKind::Resources, "cannot start threads").with_source(cause)
            })?;
        pool.install(|| simulate(&simulated, calendar, &sender))
    });
    let mut summary = Summary::default();
    let mut dirt = Dirt::default();
    while let Some(message) = receiver.recv().await {
        match message {
            Message::Progress(step) => progress(step),
            Message::Done(found) => dirt = *found,
            Message::File {
                table,
                path,
                rows,
                bytes,
            } => {
                let size = u64::try_from(bytes.len()).unwrap_or(0);
                to.put(&path, bytes).await?;
                let total = summary.tables.entry(table).or_default();
                total.rows += rows;
                total.bytes += size;
                total.files += 1;
                summary.bytes += size;
            }
        }
    }
    work.await
        .map_err(|cause| Error::bug("the simulation broke off").with_source(cause))??;
    let text = readme::text(company, &summary, dirt);
    to.put("README.md", text.into()).await?;
    Ok(summary)
}

/// Days of a longer or other simulation would be read together with ours.
async fn refuse_leftovers(calendar: &Calendar, to: &Storage) -> Result<()> {
    let days: Result<Vec<String>> = (0..calendar.days())
        .map(|day| Ok(event_path(&calendar.label(day)?)))
        .collect();
    let days = days?;
    for object in to.list("event").await? {
        let relative = to.relative(&object.location);
        if days.binary_search(&relative).is_err() {
            return Err(Error::usage(format!(
                "`{}` holds events of something else: `{relative}`",
                to.url()
            ))
            .with_hint("name an empty folder, or remove the old sample first"));
        }
    }
    Ok(())
}

fn event_path(label: &str) -> String {
    format!("event/day={label}/part-0.parquet")
}

fn simulate(company: &Company, calendar: Calendar, to: &mpsc::Sender<Message>) -> Result<()> {
    let contracts = table::contracts()?;
    let layouts = layouts(&contracts)?;
    let event_layout = Layout::of_contract(&contracts, "event", &event::COLUMNS)?;
    let (residents, expected) = tell_stories(company, &calendar, &layouts, to)?;
    let world = World {
        seed: company.seed,
        scale: scale(company.target_events(), expected),
        calendar,
        residents,
    };
    let dirt = write_days(&world, &event_layout, to)?;
    send(to, Message::Done(Box::new(dirt)))
}

/// The factor on the product's use that brings the events to `target`.
fn scale(target: u64, expected: Expected) -> f64 {
    let events = |value: u64| {
        // Whole events: a billion of them fits.
        f64::from(u32::try_from(value / 1_000_000).unwrap_or(u32::MAX)).max(1.0)
    };
    let wanted = (target.saturating_mul(1_000_000)).saturating_sub(expected.fixed);
    (events(wanted) / events(expected.scaled)).max(0.01)
}

/// One piece of the company: its rows, and what its accounts leave behind.
struct Told {
    batches: Vec<RecordBatch>,
    residents: Vec<Resident>,
    expected: Expected,
}

fn tell_stories(
    company: &Company,
    calendar: &Calendar,
    layouts: &[Layout],
    to: &mpsc::Sender<Message>,
) -> Result<(Vec<Resident>, Expected)> {
    let files = layouts.iter().map(|layout| File::new(&layout.schema, &[]));
    let mut files = files.collect::<Result<Vec<_>>>()?;
    let mut residents = Vec::new();
    let mut expected = Expected::default();
    let starts: Vec<u32> = (1..=company.accounts)
        .step_by(PIECE_ACCOUNTS as usize)
        .collect();
    for group in starts.chunks(rayon::current_num_threads() * 2) {
        let told: Vec<Told> = group
            .par_iter()
            .map(|start| tell_piece(company, calendar, layouts, *start))
            .collect::<Result<_>>()?;
        for piece in told {
            files
                .par_iter_mut()
                .zip(&piece.batches)
                .try_for_each(|(file, batch)| file.write(batch))?;
            residents.extend(piece.residents);
            expected.scaled += piece.expected.scaled;
            expected.fixed += piece.expected.fixed;
        }
        let done = u64::try_from(residents.len()).unwrap_or(0);
        let total = u64::from(company.accounts);
        send(
            to,
            Message::Progress(Progress {
                unit: "accounts",
                done,
                total,
            }),
        )?;
    }
    for (file, layout) in files.into_iter().zip(layouts) {
        let rows = file.rows;
        let message = Message::File {
            table: layout.name.to_owned(),
            path: format!("{}.parquet", layout.name),
            rows,
            bytes: file.finish()?,
        };
        send(to, message)?;
    }
    Ok((residents, expected))
}

fn tell_piece(
    company: &Company,
    calendar: &Calendar,
    layouts: &[Layout],
    start: u32,
) -> Result<Told> {
    let mut piece = Piece::new(layouts)?;
    let mut residents = Vec::new();
    let mut expected = Expected::default();
    if start == 1 {
        extract::products(&mut piece)?;
        let owners = portfolio::everybody(company.seed, company.accounts, calendar.days());
        extract::owners(&mut piece, &owners)?;
        rate::rates(&mut piece, calendar, company.seed)?;
        experiment::truth(&mut piece)?;
        service::sites(&mut piece)?;
    }
    for number in start..(start + PIECE_ACCOUNTS).min(company.accounts + 1) {
        let life = Life::new(company.world, company.seed, number, calendar)?;
        let owners = portfolio::history(
            company.seed,
            number,
            company.accounts,
            life.firm.created,
            calendar.days(),
        );
        let mut scribe = Scribe {
            world: company.world,
            seed: company.seed,
            calendar,
            life: &life,
            owners: &owners,
            piece: &mut piece,
        };
        scribe.story()?;
        scribe.invoices()?;
        let tickets = scribe.tickets()?;
        let play = scribe.play();
        scribe.surveys(&tickets, play.as_ref(), company.play_effect)?;
        scribe.write_play(play.as_ref(), company.play_effect)?;
        scribe.deliveries()?;
        scribe.exposures()?;
        scribe.truth(company.truth_step())?;
        let resident = Resident::new(life);
        let own = resident.expected(calendar);
        expected.scaled += own.scaled;
        expected.fixed += own.fixed;
        residents.push(resident);
    }
    Ok(Told {
        batches: piece.finish()?,
        residents,
        expected,
    })
}

fn write_days(world: &World, layout: &Layout, to: &mpsc::Sender<Message>) -> Result<Dirt> {
    let mut dirt = Dirt::default();
    let days: Vec<i32> = (0..world.calendar.days()).collect();
    let mut done = 0;
    for group in days.chunks(rayon::current_num_threads() * 4) {
        let files: Vec<DayFile> = group
            .par_iter()
            .map(|day| event::day_file(world, layout, *day))
            .collect::<Result<_>>()?;
        for (day, file) in group.iter().zip(files) {
            dirt = dirt.plus(file.dirt);
            done += 1;
            let message = Message::File {
                table: "event".to_owned(),
                path: event_path(&world.calendar.label(*day)?),
                rows: file.rows,
                bytes: file.bytes,
            };
            send(to, message)?;
        }
        let total = u64::try_from(days.len()).unwrap_or(0);
        send(
            to,
            Message::Progress(Progress {
                unit: "days",
                done,
                total,
            }),
        )?;
    }
    Ok(dirt)
}

/// The writer hangs up when it fails; its own error is then the one that counts.
fn send(to: &mpsc::Sender<Message>, message: Message) -> Result<()> {
    to.blocking_send(message)
        .map_err(|_| Error::bug("nobody writes what is simulated"))
}
