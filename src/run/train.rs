//! `train`: past month-ends made by the SQL of the night, a model learned from
//! them, and the decision who is in charge.
//!
//! Features come from runs cut at each month-end (`cutoff` computes each once);
//! what became of the accounts comes from a run of the training's own day, and
//! only of month-ends whose horizon had passed by then. The model file is written
//! before the entry that points to it. What is learned and how it is judged is
//! `step`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Field, Float64Type};
use jiff::ToSpan;
use jiff::civil::Date;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::cutoff::{CutoffRequest, Cutoffs, WantedModels, series};
use super::night::{Night, RunOptions};
use super::progress::{Event, Observer};
use super::project::Project;
use super::trained::{Decision, ModelFile, Models, in_force};
use crate::config::ChurnSettings;
use crate::error::{Error, ErrorKind, Result};
use crate::step::{Card, Comparison, Example, Examples, Scorer, Trained, Values, Verdict, compare};
use crate::storage::Storage;
use crate::time::{AsOf, EpochDays, Stopwatch, epoch_days, parse_date};

/// What is learned from, as of each month-end.
pub(super) const EXAMPLE: &str = "int_churn_example";
/// When accounts paid, as of the day of the training.
pub(super) const PAID: &str = "int_paid_run";

/// What a training did.
#[derive(Clone, Debug)]
pub struct TrainReport {
    /// The business day.
    pub as_of: String,
    /// `logistic`, `blend`, `boosting`, or `none`.
    pub kind: String,
    /// Names the model's file.
    pub version: String,
    /// The version in charge from now on; the scorecard when absent.
    pub champion: Option<String>,
    /// Why, in a sentence.
    pub decision: String,
    /// How good it is.
    pub card: Card,
    /// Whether this very training had been decided before.
    pub is_already_done: bool,
    /// Where the model lies.
    pub output: String,
    /// Seconds from start to end.
    pub seconds: f64,
}

/// Trains the churn model of `project` and decides whether it takes charge.
///
/// # Errors
/// As a run; [`ErrorKind::Conflict`] when another training decided meanwhile.
pub async fn train(
    project: &Project,
    options: &RunOptions,
    observer: &dyn Observer,
) -> Result<TrainReport> {
    let watch = Stopwatch::start();
    let pipeline = &project.pipeline;
    let settings = &pipeline.churn_model;
    let horizon = i32::try_from(pipeline.risk.horizon_days).unwrap_or(i32::MAX);
    let storage = Storage::open(options.output.as_deref().unwrap_or(&pipeline.output))?;
    let night = Night::begin(storage, project, options, observer).await?;
    let (as_of, storage) = (night.as_of.clone(), &night.storage);
    let days = month_ends(&as_of, horizon, settings.months)?;
    let found = series(&night, &request(as_of.date(), &days)).await?;
    let examples = examples(&found)?;
    drop(found);
    let store = Models::new(storage, &pipeline.name);
    observer.observe(Event::Started {
        model: "churn model",
    });
    let (examples, trained) = learn(examples, &as_of, horizon, settings, options.threads).await?;
    let file = ModelFile::new(&pipeline.name, &as_of.to_string(), &trained);
    let version = store.keep(&file).await?;
    let decisions = store.decisions().await?;
    let present = in_force(&decisions, &as_of.to_string());
    let done = present.filter(|present| present.newest == version);
    let is_already_done = done.is_some();
    let decision = if let Some(done) = done {
        done.clone()
    } else {
        let contest = Contest {
            store: &store,
            number: decisions.len() as u64 + 1,
            examples: &examples,
            trained: &trained,
            settings,
        };
        let decision = contest.decide(&as_of, &version, present).await?;
        store.decide(&decision).await?;
        decision
    };
    Ok(TrainReport {
        as_of: as_of.to_string(),
        kind: trained.kind,
        version,
        champion: decision.champion,
        decision: match pipeline.language {
            crate::config::Language::En => decision.note_en,
            crate::config::Language::Ja => decision.note_ja,
        },
        card: trained.card,
        is_already_done,
        output: storage.url().to_owned(),
        seconds: watch.seconds(),
    })
}

/// The newest month-ends whose horizon has passed by `as_of`, ascending.
fn month_ends(as_of: &AsOf, horizon: i32, months: u32) -> Result<Vec<Date>> {
    let edge =
        |cause| Error::usage("the as-of date is at the edge of the calendar").with_source(cause);
    let last_ripe = as_of.date().checked_sub(horizon.days()).map_err(edge)?;
    let mut days = Vec::new();
    let mut first = last_ripe.tomorrow().map_err(edge)?.first_of_month();
    for _ in 0..months {
        days.push(first.yesterday().map_err(edge)?);
        first = first.checked_sub(1.months()).map_err(edge)?;
    }
    days.reverse();
    Ok(days)
}

/// What is wanted of which day: what there was to know at each month-end, and what
/// is known on the training's own day of what became of it.
fn request(as_of: Date, days: &[Date]) -> CutoffRequest {
    let mut models = WantedModels::new();
    for day in days {
        models.insert(*day, vec![EXAMPLE.to_owned()]);
    }
    models.entry(as_of).or_default().push(PAID.to_owned());
    CutoffRequest {
        purpose: "training",
        models,
    }
}

/// Reads the results of `request`.
fn examples(cutoffs: &Cutoffs) -> Result<Examples> {
    let mut rows = Vec::new();
    let mut features = None;
    let mut paid = PaidRuns::new();
    for result in &cutoffs.results {
        if let Some(file) = result.files.get(EXAMPLE) {
            for batch in batches(file)? {
                read_examples(&batch, &mut features, &mut rows)?;
            }
        }
        if let Some(file) = result.files.get(PAID) {
            for batch in batches(file)? {
                read_paid(&batch, &mut paid)?;
            }
        }
    }
    Ok(assembled(features.unwrap_or_default(), rows, &paid))
}

/// Learns on threads of its own, away from those that wait for storage.
async fn learn(
    examples: Examples,
    as_of: &AsOf,
    horizon: i32,
    settings: &ChurnSettings,
    threads: usize,
) -> Result<(Examples, Trained)> {
    let (day, settings) = (as_of.epoch_days(), settings.clone());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|cause| Error::bug("cannot start threads to learn on").with_source(cause))?;
    let learning = tokio::task::spawn_blocking(move || {
        let trained = pool.install(|| crate::step::train(&examples, day, horizon, &settings));
        (examples, trained)
    });
    learning
        .await
        .map_err(|cause| Error::bug("the training ended early").with_source(cause))
}

/// A finished training against the model in charge.
struct Contest<'a> {
    store: &'a Models<'a>,
    /// Of the decision.
    number: u64,
    examples: &'a Examples,
    trained: &'a Trained,
    settings: &'a ChurnSettings,
}

impl Contest<'_> {
    async fn decide(
        &self,
        as_of: &AsOf,
        version: &str,
        present: Option<&Decision>,
    ) -> Result<Decision> {
        let champion = present.and_then(|present| present.champion.clone());
        let (en, ja) = self.trained.verdict.sentences();
        let (champion, note_en, note_ja) = match (&self.trained.verdict, champion) {
            (Verdict::Better, None) => (
                Some(version.to_owned()),
                format!("{en} It is in charge."),
                format!("{ja}このモデルを採用した。"),
            ),
            (Verdict::Better, Some(champion)) => self.duel(version, champion).await?,
            (Verdict::NoSignal, _) | (_, None) => (None, en, ja),
            (_, Some(champion)) => (
                Some(champion.clone()),
                format!("The new training did not prove itself; model {champion} stays in charge."),
                format!("新しい学習は基準を満たさず、モデル{champion}を継続する。"),
            ),
        };
        Ok(Decision {
            format: 1,
            number: self.number,
            as_of: as_of.to_string(),
            newest: version.to_owned(),
            champion,
            note_en,
            note_ja,
        })
    }

    /// The new model against the present one, on cutoffs that neither learned from.
    async fn duel(
        &self,
        version: &str,
        champion: String,
    ) -> Result<(Option<String>, String, String)> {
        let file = self.store.load(&champion).await?;
        let day = epoch_days(parse_date(&file.trained_as_of)?);
        let model = file
            .model
            .ok_or_else(|| Error::data("the model in charge has no model"))?;
        let scorer = Scorer::new(model)
            .map_err(|why| Error::data(format!("the model in charge cannot be used: {why}")))?;
        let knows = |feature: &String| self.examples.features.contains(feature);
        if let Some(gone) = scorer.features().iter().find(|feature| !knows(feature)) {
            return Ok((
                Some(version.to_owned()),
                format!(
                    "Model {champion} needs `{gone}`, which is no feature any more; the new model is in charge."
                ),
                format!(
                    "モデル{champion}に必要な特徴量`{gone}`がないため、新しいモデルを採用した。"
                ),
            ));
        }
        let (resamples, seed) = (self.settings.resamples as usize, self.settings.seed);
        let found = compare(
            &scorer,
            day,
            self.examples,
            &self.trained.forecast,
            resamples,
            seed,
        );
        let Some(found) = found else {
            return Ok((
                Some(champion.clone()),
                format!(
                    "No month-end with a loss since model {champion} was trained is ripe yet: it stays in charge."
                ),
                format!(
                    "モデル{champion}の学習後に、解約があり結果の確定した月末がまだないため、継続する。"
                ),
            ));
        };
        Ok(by_figures(
            version,
            champion,
            &found,
            self.settings.margin_over_champion,
        ))
    }
}

/// Who takes charge by how well both did on the same rows: the new model where it
/// gained more than `margin` of the comparison's standard errors.
fn by_figures(
    version: &str,
    champion: String,
    found: &Comparison,
    margin: f64,
) -> (Option<String>, String, String) {
    let figures = format!(
        "log loss {:.5} against {:.5} on {} rows",
        found.challenger_loss, found.champion_loss, found.rows
    );
    if found.gain > margin * found.error && found.gain > 0.0 {
        return (
            Some(version.to_owned()),
            format!(
                "The new model beat model {champion} on month-ends neither had learned from ({figures}): it is in charge."
            ),
            format!(
                "新しいモデルは双方とも未学習の月末でモデル{champion}を上回り（{figures}）、採用した。"
            ),
        );
    }
    let (en, ja) = (
        format!(
            "The new model did not beat model {champion} by the margin that is demanded ({figures}): that one stays in charge."
        ),
        format!(
            "新しいモデルは求められる差でモデル{champion}を上回らなかった（{figures}）ため、継続する。"
        ),
    );
    (Some(champion), en, ja)
}

/// Days on which an account's paid time begins and ends.
type PaidRuns = BTreeMap<String, Vec<(EpochDays, Option<EpochDays>)>>;

/// One row as it is read.
struct Read {
    cutoff: EpochDays,
    account: String,
    segment: String,
    revenue: i128,
    scorecard: f64,
    values: Vec<f64>,
}

/// Numbers accounts and segments by their names' order and looks up what became
/// of each row; rows of accounts that had no paid run that day are left out.
fn assembled(features: Vec<String>, mut rows: Vec<Read>, paid: &PaidRuns) -> Examples {
    rows.sort_by(|one, other| (one.cutoff, &one.account).cmp(&(other.cutoff, &other.account)));
    let numbered = |names: BTreeSet<&String>| -> BTreeMap<String, u32> {
        names.into_iter().cloned().zip(0..).collect()
    };
    let accounts = numbered(rows.iter().map(|row| &row.account).collect());
    let segments = numbered(rows.iter().map(|row| &row.segment).collect());
    let mut examples = Examples {
        values: Values::new(features.len()),
        features,
        segments: segments.keys().cloned().collect(),
        rows: Vec::new(),
    };
    for row in rows {
        let runs = paid.get(&row.account);
        let run = runs
            .into_iter()
            .flatten()
            .find(|(start, end)| *start <= row.cutoff && end.is_none_or(|end| end > row.cutoff));
        let Some((_, churned_on)) = run else {
            continue;
        };
        examples.values.push(&row.values);
        examples.rows.push(Example {
            account: accounts[&row.account],
            cutoff: row.cutoff,
            churned_on: *churned_on,
            revenue: row.revenue,
            segment: segments[&row.segment],
            scorecard: row.scorecard,
        });
    }
    examples
}

fn batches(file: &Path) -> Result<Vec<RecordBatch>> {
    let unread = |cause: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(
            ErrorKind::Resources,
            format!("cannot read back {}", file.display()),
        )
        .with_source(cause)
    };
    let opened = File::open(file).map_err(|cause| unread(cause.into()))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(opened)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|cause| unread(cause.into()))?;
    reader
        .collect::<Result<_, _>>()
        .map_err(|cause| unread(cause.into()))
}

/// A column as this type.
fn column(batch: &RecordBatch, name: &str, kind: &DataType) -> Result<arrow::array::ArrayRef> {
    let found = batch.column_by_name(name);
    let found = found
        .ok_or_else(|| Error::usage(format!("a model to learn from has no column `{name}`")))?;
    cast(found, kind)
        .map_err(|cause| Error::usage(format!("column `{name}` is no {kind}")).with_source(cause))
}

fn list_of(item: DataType) -> DataType {
    DataType::List(std::sync::Arc::new(Field::new_list_field(item, true)))
}

fn read_examples(
    batch: &RecordBatch,
    features: &mut Option<Vec<String>>,
    rows: &mut Vec<Read>,
) -> Result<()> {
    let cutoffs = column(batch, "as_of", &DataType::Date32)?;
    let accounts = column(batch, "account_id", &DataType::Utf8)?;
    let segments = column(batch, "segment", &DataType::Utf8)?;
    let revenues = column(batch, "revenue", &DataType::Decimal128(38, 4))?;
    let scorecards = column(batch, "scorecard_log_odds", &DataType::Float64)?;
    let names = column(batch, "features", &list_of(DataType::Utf8))?;
    let values = column(batch, "feature_values", &list_of(DataType::Float64))?;
    for row in 0..batch.num_rows() {
        let given = names.as_list::<i32>().value(row);
        let given = given.as_string::<i32>();
        let known =
            features.get_or_insert_with(|| given.iter().flatten().map(str::to_owned).collect());
        if !given.iter().flatten().eq(known.iter().map(String::as_str)) {
            return Err(Error::bug("two month-ends have different features"));
        }
        let cells = values.as_list::<i32>().value(row);
        let cells = cells.as_primitive::<Float64Type>();
        rows.push(Read {
            cutoff: cutoffs.as_primitive::<Date32Type>().value(row),
            account: accounts.as_string::<i32>().value(row).to_owned(),
            segment: segments.as_string::<i32>().value(row).to_owned(),
            revenue: revenues.as_primitive::<Decimal128Type>().value(row),
            scorecard: scorecards.as_primitive::<Float64Type>().value(row),
            values: cells.iter().map(|cell| cell.unwrap_or(f64::NAN)).collect(),
        });
    }
    Ok(())
}

fn read_paid(batch: &RecordBatch, paid: &mut PaidRuns) -> Result<()> {
    let accounts = column(batch, "account_id", &DataType::Utf8)?;
    let starts = column(batch, "started_on", &DataType::Date32)?;
    let ends = column(batch, "ended_on", &DataType::Date32)?;
    let (starts, ends) = (
        starts.as_primitive::<Date32Type>(),
        ends.as_primitive::<Date32Type>(),
    );
    for row in 0..batch.num_rows() {
        let account = accounts.as_string::<i32>().value(row).to_owned();
        let end = ends.is_valid(row).then(|| ends.value(row));
        paid.entry(account)
            .or_default()
            .push((starts.value(row), end));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Pipeline, SHIPPED_PIPELINE};
    use crate::function::churn_model::{Calibration, Logistic, MODEL_FORMAT, Term};
    use crate::step::{ChurnModel, Forecast};
    use crate::time::Zone;

    #[test]
    fn figures_decide_by_the_demanded_margin() {
        let found = |gain: f64| Comparison {
            rows: 900,
            events: 30,
            champion_loss: 0.2,
            challenger_loss: 0.2 - gain,
            gain,
            error: 0.01,
        };
        let in_charge = |gain, margin| by_figures("new", "old".to_owned(), &found(gain), margin).0;
        assert_eq!(in_charge(0.011, 1.0).as_deref(), Some("new"));
        assert_eq!(in_charge(0.009, 1.0).as_deref(), Some("old"));
        assert_eq!(in_charge(-0.02, 1.0).as_deref(), Some("old"));
        // without a margin a draw still changes nobody
        assert_eq!(in_charge(0.0, 0.0).as_deref(), Some("old"));
        let (_, en, _) = by_figures("new", "old".to_owned(), &found(0.02), 1.0);
        assert!(en.contains("0.18000 against 0.20000 on 900 rows"), "{en}");
    }

    /// What a training of `verdict` decides beside a model in charge that looks at
    /// `feature`, before anything it could be compared on is ripe.
    async fn decided(verdict: Verdict, feature: &str) -> Decision {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path().to_str().unwrap()).unwrap();
        let store = Models::new(&storage, "nightly");
        let mut trained = Trained {
            kind: "logistic".to_owned(),
            model: Some(ChurnModel {
                format: MODEL_FORMAT,
                features: vec![feature.to_owned()],
                logistic: Some(Logistic {
                    intercept: -2.0,
                    terms: vec![Term::default()],
                }),
                forest: None,
                calibration: Calibration::None,
            }),
            verdict: Verdict::Better,
            card: Card::default(),
            references: Vec::new(),
            forecast: Forecast::default(),
        };
        let file = ModelFile::new("nightly", "2026-03-31", &trained);
        let champion = store.keep(&file).await.unwrap();
        trained.verdict = verdict;
        let settings = Pipeline::parse("nightly.yaml", SHIPPED_PIPELINE).unwrap();
        let contest = Contest {
            store: &store,
            number: 5,
            examples: &Examples {
                features: vec!["use".to_owned()],
                ..Examples::default()
            },
            trained: &trained,
            settings: &settings.churn_model,
        };
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let as_of = AsOf::parse("2026-06-30", &zone).unwrap();
        let alone = contest.decide(&as_of, "new", None).await.unwrap();
        let is_better = trained.verdict == Verdict::Better;
        assert_eq!(alone.champion.is_some(), is_better, "{}", alone.note_en);
        let present = Decision {
            number: 4,
            champion: Some(champion.clone()),
            ..alone
        };
        let mut decision = contest.decide(&as_of, "new", Some(&present)).await.unwrap();
        assert_eq!(decision.number, 5);
        if decision.champion == Some(champion) {
            decision.champion = Some("old".to_owned());
        }
        decision
    }

    #[tokio::test]
    async fn a_model_stays_until_another_has_beaten_it_or_nothing_can_be_learned() {
        let unbeaten = Verdict::NotBetterThan("recency".to_owned());
        for (verdict, feature, champion, said) in [
            (Verdict::Better, "use", Some("old"), "is ripe yet"),
            (Verdict::Better, "gone", Some("new"), "no feature any more"),
            (unbeaten, "use", Some("old"), "did not prove itself"),
            (
                Verdict::TooLittleHistory,
                "use",
                Some("old"),
                "did not prove itself",
            ),
            (Verdict::NoSignal, "use", None, "no signal"),
        ] {
            let found = decided(verdict, feature).await;
            assert_eq!(found.champion.as_deref(), champion, "{}", found.note_en);
            assert!(found.note_en.contains(said), "{}", found.note_en);
            assert!(!found.note_ja.is_empty());
        }
    }

    #[test]
    fn month_ends_are_wanted_once_and_the_outcomes_on_the_day_itself() {
        let day = |text| parse_date(text).unwrap();
        let ends = [day("2026-02-28"), day("2026-03-31")];
        let wanted = request(day("2026-06-30"), &ends).models;
        assert_eq!(wanted.len(), 3);
        assert_eq!(wanted[&ends[1]], [EXAMPLE]);
        assert_eq!(wanted[&day("2026-06-30")], [PAID]);
        // Without a horizon the last month-end is the day itself.
        let wanted = request(ends[1], &ends).models;
        assert_eq!(wanted[&ends[1]], [EXAMPLE, PAID]);
    }

    #[test]
    fn month_ends_are_ripe() {
        let zone = Zone::parse("Asia/Tokyo").unwrap();
        let as_of = AsOf::parse("2026-06-30", &zone).unwrap();
        let days: Vec<String> = month_ends(&as_of, 91, 3)
            .unwrap()
            .iter()
            .map(Date::to_string)
            .collect();
        // 91 days before June 30 is March 31: ripe on the day itself.
        assert_eq!(days, ["2026-01-31", "2026-02-28", "2026-03-31"]);
        let days: Vec<String> = month_ends(&as_of, 92, 1)
            .unwrap()
            .iter()
            .map(Date::to_string)
            .collect();
        assert_eq!(days, ["2026-02-28"]);
    }

    #[test]
    fn what_became_of_an_account_is_its_run_of_that_day() {
        let read = |cutoff, account: &str| Read {
            cutoff,
            account: account.to_owned(),
            segment: "s".to_owned(),
            revenue: 1,
            scorecard: 0.0,
            values: vec![1.0],
        };
        let paid = PaidRuns::from([
            ("a".to_owned(), vec![(0, Some(10)), (20, None)]),
            ("b".to_owned(), vec![(5, Some(6))]),
        ]);
        let rows = vec![
            read(25, "a"),
            read(9, "a"),
            read(10, "a"),
            read(5, "b"),
            read(7, "c"),
        ];
        let found = assembled(vec!["f".to_owned()], rows, &paid);
        let shown: Vec<_> = found
            .rows
            .iter()
            .map(|row| (row.cutoff, row.account, row.churned_on))
            .collect();
        assert_eq!(shown, [(5, 1, Some(6)), (9, 0, Some(10)), (25, 0, None)]);
        assert_eq!(found.values.len(), 3);
    }
}
