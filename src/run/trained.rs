//! Trained models in the output's storage: files named by their content, and a
//! numbered log that says which one is in charge since which day.
//!
//! A file is created once and never changed. The pointer is an entry of the log,
//! created if absent, so that of two trainings one wins and the other is told. A
//! night reads the newest entry of its own or an earlier day: a run for last March
//! does not know what was learned in May. What is learned is not known here.

use bytes::Bytes;
use jiff::civil::Date;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::config::{CardRow, Champion, Language, ReferenceRow, TrainedTables};
use crate::error::{Error, ErrorKind, Result};
use crate::step::{Card, CardLine, ChurnModel, FeatureReference};
use crate::storage::{Created, Digest, Storage};
use crate::time::parse_date;

/// Version of the layout of files and entries.
const FORMAT: u32 = 1;
const FOLDER: &str = "_kenko/models";
/// Digits of the content's hash that name a file.
const DIGITS: usize = 16;

/// A training with what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelFile {
    pub(crate) format: u32,
    pub(crate) pipeline: String,
    pub(crate) trained_as_of: String,
    pub(crate) kind: String,
    pub(crate) verdict: String,
    /// Absent where nothing could be learned.
    pub(crate) model: Option<ChurnModel>,
    pub(crate) card: Card,
    pub(crate) references: Vec<FeatureReference>,
}

/// Which model is in charge from a day on, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    pub(crate) format: u32,
    pub(crate) number: u64,
    /// The day of the training.
    pub(crate) as_of: String,
    /// The file of the training.
    pub(crate) newest: String,
    /// The file of the model in charge; the scorecard's turn when absent.
    pub(crate) champion: Option<String>,
    pub(crate) note_en: String,
    pub(crate) note_ja: String,
}

/// Where the models of one pipeline lie.
pub(crate) struct Models<'a> {
    storage: &'a Storage,
    pipeline: &'a str,
}

impl ModelFile {
    pub(crate) fn new(pipeline: &str, as_of: &str, trained: &crate::step::Trained) -> Self {
        Self {
            format: FORMAT,
            pipeline: pipeline.to_owned(),
            trained_as_of: as_of.to_owned(),
            kind: trained.kind.clone(),
            verdict: trained.verdict.name().to_owned(),
            model: trained.model.clone(),
            card: trained.card.clone(),
            references: trained.references.clone(),
        }
    }
}

impl<'a> Models<'a> {
    pub(crate) fn new(storage: &'a Storage, pipeline: &'a str) -> Self {
        Self { storage, pipeline }
    }

    fn file(&self, version: &str) -> String {
        format!("{FOLDER}/{}/{version}.json", self.pipeline)
    }

    fn entry(&self, number: u64) -> String {
        format!("{FOLDER}/{}/log/{number:020}.json", self.pipeline)
    }

    fn damaged(&self, path: &str) -> Error {
        Error::data(format!(
            "{} is missing or damaged",
            self.storage.place(path)
        ))
        .with_hint(
            "restore it from a backup: kenko never changes or removes a trained model by itself",
        )
    }

    fn read<T: DeserializeOwned>(&self, path: &str, bytes: &[u8]) -> Result<T> {
        serde_json::from_slice(bytes).map_err(|cause| self.damaged(path).with_source(cause))
    }

    /// Keeps a training under the name of its content.
    pub(crate) async fn keep(&self, file: &ModelFile) -> Result<String> {
        let bytes = written(file)?;
        let version = version_of(&bytes);
        let path = self.file(&version);
        let created = self
            .storage
            .create_once(&path, bytes.clone(), |found| found == bytes);
        match created.await? {
            Created::Done => Ok(version),
            Created::Taken(_) => Err(self.damaged(&path)),
        }
    }

    /// A training by its name, compared with it.
    pub(crate) async fn load(&self, version: &str) -> Result<ModelFile> {
        let path = self.file(version);
        let bytes = self.storage.get(&path).await?;
        let bytes = bytes.filter(|bytes| version_of(bytes) == version);
        let bytes = bytes.ok_or_else(|| self.damaged(&path))?;
        self.read(&path, &bytes)
    }

    /// Every decision, oldest first.
    pub(crate) async fn decisions(&self) -> Result<Vec<Decision>> {
        let mut found = Vec::new();
        loop {
            let number = found.len() as u64 + 1;
            let path = self.entry(number);
            let Some(bytes) = self.storage.get(&path).await? else {
                return Ok(found);
            };
            let entry: Decision = self.read(&path, &bytes)?;
            if entry.number != number || entry.format != FORMAT {
                return Err(self.damaged(&path));
            }
            found.push(entry);
        }
    }

    /// Writes the next decision.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if another training has written it.
    pub(crate) async fn decide(&self, decision: &Decision) -> Result<()> {
        let path = self.entry(decision.number);
        let bytes = written(decision)?;
        self.storage
            .require_exclusive_create(&self.probe(), Bytes::from_static(b"kenko\n"))
            .await?;
        let created = self
            .storage
            .create_once(&path, bytes.clone(), |found| found == bytes);
        match created.await? {
            Created::Done => Ok(()),
            Created::Taken(_) => Err(Error::new(
                ErrorKind::Conflict,
                format!("another training has written {}", self.storage.place(&path)),
            )
            .with_hint("train again: it then compares with the model that is in charge now")),
        }
    }

    fn probe(&self) -> String {
        format!("{FOLDER}/{}/probe", self.pipeline)
    }

    /// What a run of `as_of` may know: nothing before the first training.
    pub(crate) async fn known(
        &self,
        as_of: &str,
        language: Language,
    ) -> Result<Option<TrainedTables>> {
        let decisions = self.decisions().await?;
        let Some(decision) = in_force(&decisions, as_of) else {
            return Ok(None);
        };
        let newest = self.load(&decision.newest).await?;
        let mut tables = TrainedTables::default();
        let note = CardLine {
            metric: "decision".to_owned(),
            dimension: "all".to_owned(),
            dimension_value: "all".to_owned(),
            note_en: decision.note_en.clone(),
            note_ja: decision.note_ja.clone(),
            ..CardLine::default()
        };
        let mut lines = newest.card.lines.clone();
        lines.push(note.clone());
        let place = ["newest", newest.kind.as_str(), decision.newest.as_str()];
        let day = parse_date(&newest.trained_as_of)?;
        tables.card = rows(&lines, place, day, language);
        let Some(version) = &decision.champion else {
            let place = ["champion", "scorecard", "1"];
            tables.card.extend(rows(&[note], place, day, language));
            return Ok(Some(tables));
        };
        let champion = self.load(version).await?;
        let day = parse_date(&champion.trained_as_of)?;
        let mut lines = champion.card.lines.clone();
        lines.push(note);
        let place = ["champion", champion.kind.as_str(), version.as_str()];
        tables.card.extend(rows(&lines, place, day, language));
        tables.references = references(&champion.references);
        let model = champion.model.as_ref();
        let model = model.ok_or_else(|| self.damaged(&self.file(version)))?;
        tables.champion = Some(Champion {
            kind: champion.kind.clone(),
            version: version.clone(),
            trained_as_of: day,
            text: text(model)?,
        });
        Ok(Some(tables))
    }
}

/// The decision that holds on a day: the last one of the newest day up to it. A training
/// for a day long past may be written after one for a later day, which it must not know.
pub(crate) fn in_force<'a>(decisions: &'a [Decision], as_of: &str) -> Option<&'a Decision> {
    let known = decisions.iter().filter(|one| one.as_of.as_str() <= as_of);
    known.max_by_key(|one| (one.as_of.as_str(), one.number))
}

fn version_of(bytes: &[u8]) -> String {
    let mut hash = Digest::of(bytes).sha256;
    hash.truncate(DIGITS);
    hash
}

fn text<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|cause| Error::bug("a model cannot be written as JSON").with_source(cause))
}

fn written<T: Serialize>(value: &T) -> Result<Bytes> {
    Ok(Bytes::from(text(value)? + "\n"))
}

fn rows(lines: &[CardLine], place: [&str; 3], day: Date, language: Language) -> Vec<CardRow> {
    let [role, kind, version] = place;
    let count = |count: Option<usize>| count.and_then(|count| i64::try_from(count).ok());
    lines
        .iter()
        .map(|line| CardRow {
            role: role.to_owned(),
            kind: kind.to_owned(),
            version: version.to_owned(),
            trained_as_of: day,
            place: [&line.metric, &line.dimension, &line.dimension_value].map(String::clone),
            figure: [line.value, line.low, line.high],
            counts: [count(line.n), count(line.events)],
            note: match language {
                Language::En => line.note_en.clone(),
                Language::Ja => line.note_ja.clone(),
            },
        })
        .collect()
}

fn references(all: &[FeatureReference]) -> Vec<ReferenceRow> {
    let bins = all
        .iter()
        .flat_map(|one| one.bins.iter().zip(0..).map(move |bin| (one, bin)));
    bins.map(|(one, (bin, number))| ReferenceRow {
        feature: one.feature.clone(),
        typical: one.typical,
        accounts: i64::try_from(one.accounts).unwrap_or(i64::MAX),
        chi_square: one.chi_square,
        bin: number,
        from: bin.from,
        to: bin.to,
        is_missing: bin.is_missing,
        share: bin.share,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::churn_model::{Calibration, Logistic, MODEL_FORMAT};

    fn file(day: &str) -> ModelFile {
        ModelFile {
            format: FORMAT,
            pipeline: "nightly".to_owned(),
            trained_as_of: day.to_owned(),
            kind: "logistic".to_owned(),
            verdict: "better".to_owned(),
            model: Some(ChurnModel {
                format: MODEL_FORMAT,
                features: Vec::new(),
                logistic: Some(Logistic {
                    intercept: -2.0,
                    terms: Vec::new(),
                }),
                forest: None,
                calibration: Calibration::None,
            }),
            card: Card::default(),
            references: Vec::new(),
        }
    }

    fn decision(number: u64, as_of: &str, newest: &str, champion: Option<&str>) -> Decision {
        Decision {
            format: FORMAT,
            number,
            as_of: as_of.to_owned(),
            newest: newest.to_owned(),
            champion: champion.map(str::to_owned),
            note_en: "because".to_owned(),
            note_ja: "理由".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_night_knows_only_what_was_learned_by_its_day() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path().to_str().unwrap()).unwrap();
        let models = Models::new(&storage, "nightly");
        assert_eq!(
            models.known("2026-12-31", Language::En).await.unwrap(),
            None
        );
        let march = models.keep(&file("2026-03-31")).await.unwrap();
        let may = models.keep(&file("2026-05-31")).await.unwrap();
        assert_eq!(models.keep(&file("2026-05-31")).await.unwrap(), may);
        models
            .decide(&decision(1, "2026-03-31", &march, Some(&march)))
            .await
            .unwrap();
        models
            .decide(&decision(2, "2026-05-31", &may, None))
            .await
            .unwrap();
        assert_eq!(
            models.known("2026-03-30", Language::En).await.unwrap(),
            None
        );
        let april = models
            .known("2026-04-30", Language::En)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(april.champion.unwrap().version, march);
        let june = models
            .known("2026-06-30", Language::Ja)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(june.champion, None);
        assert!(
            june.card
                .iter()
                .any(|row| row.kind == "scorecard" && row.note == "理由")
        );
    }

    #[test]
    fn what_was_decided_for_a_later_day_is_not_known_on_an_earlier_one() {
        let written = [
            decision(1, "2026-06-30", "june", Some("june")),
            decision(2, "2026-03-31", "march", None),
            decision(3, "2026-03-31", "again", Some("again")),
        ];
        let on = |day| in_force(&written, day).map(|one| one.newest.as_str());
        assert_eq!(on("2026-03-30"), None);
        assert_eq!(on("2026-03-31"), Some("again"));
        assert_eq!(on("2026-07-01"), Some("june"));
    }

    #[tokio::test]
    async fn one_of_two_trainings_wins_and_a_changed_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path().to_str().unwrap()).unwrap();
        let models = Models::new(&storage, "nightly");
        let version = models.keep(&file("2026-03-31")).await.unwrap();
        let ours = decision(1, "2026-03-31", &version, None);
        models.decide(&ours).await.unwrap();
        models.decide(&ours).await.unwrap();
        let theirs = decision(1, "2026-03-31", &version, Some(&version));
        let error = models.decide(&theirs).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        storage
            .put(&models.file(&version), Bytes::from_static(b"{}"))
            .await
            .unwrap();
        let error = models.known("2026-03-31", Language::En).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
    }
}
