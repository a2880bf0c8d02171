//! One pipeline: where the extracts are, in which zone a day is a day, and the
//! sections that say what health, risk, a funnel and a stage mean here.
//!
//! Paths are relative to the folder of the pipeline's own file, so that a
//! pipeline means the same wherever it is started from. Credentials never
//! stand here; they come from the environment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use super::attribution::{self, Attribution};
use super::backtest::{self, Backtest};
use super::buying_group::{self, BuyingGroup};
use super::calendar;
use super::churn_model::{self, ChurnSettings};
use super::cohort::{self, Cohorts};
use super::contract::{self, Contract, ContractText};
use super::experiment::{self, Experiment};
use super::funnel::{self, Funnel};
use super::handover::{self, Handover};
use super::health::{self, Health};
use super::identity::{self, Identity};
use super::journey::{self, Journey};
use super::lifetime::{self, LifetimeValue};
use super::lists::{self, Lists};
use super::relationship::{self, Relationship};
use super::risk::{self, Risk};
use super::schedule::{Schedule, ScheduleText};
use super::source_history::{self, SourceHistory};
use super::survey::{self, SurveyMetric};
use super::voice::{self, Voice};
use crate::error::{Error, Result};
use crate::time::Zone;

/// The pipeline that ships with kenko: complete, commented, and the source of
/// every section that another pipeline leaves out.
pub const SHIPPED_PIPELINE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/pipelines/nightly.yaml"
));

const SHIPPED_FILE: &str = "pipelines/nightly.yaml";

/// A pipeline, checked.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Names the pipeline in the log of the output.
    pub name: String,
    /// The zone in which a day begins and ends.
    pub zone: Zone,
    /// Currency of amounts that come without one (ISO 4217).
    pub currency: String,
    /// Language of the reasons and next steps in lists.
    pub language: Language,
    /// Where results are published: a folder or an object store URL.
    pub output: String,
    /// When `kenko schedule` runs it; never when absent.
    pub schedule: Option<Schedule>,
    /// A folder of models that replace or add to the shipped ones.
    pub sql: Option<String>,
    /// The marts to build and publish; all when absent.
    pub marts: Option<BTreeSet<String>>,
    /// Extracts by table name.
    pub sources: BTreeMap<String, SourceSpec>,
    /// Tables kenko knows that come from no source of that name but from staging
    /// models of the pipeline's own; told by the models, not by this file.
    pub supplied: BTreeSet<String>,
    /// Days of use that features look back over.
    pub history_days: u32,
    /// Months that revenue tables look back over.
    pub history_months: u32,
    /// Below this n a rate is "too few".
    pub minimum_n: u32,
    /// Days on which hardly anybody works, beside weekends: no business days.
    pub holidays: BTreeSet<Date>,
    /// Lengths in months of the periods that retention is given for.
    pub retention_months: Vec<u32>,
    /// When an extract is unusual against its own past.
    pub source_history: SourceHistory,
    /// How health is scored.
    pub health: Health,
    /// The churn scorecard.
    pub risk: Risk,
    /// How the churn model is trained.
    pub churn_model: ChurnSettings,
    /// How health and risk are tried on what happened afterwards.
    pub backtest: Backtest,
    /// Funnels to count.
    pub funnels: Vec<Funnel>,
    /// Journeys whose rules give an account a stage.
    pub journeys: Vec<Journey>,
    /// Cohorts of accounts and the ages at which they are looked at.
    pub cohorts: Cohorts,
    /// Scales of the survey metrics.
    pub survey: Vec<SurveyMetric>,
    /// Which touches get credit for won deals.
    pub attribution: Attribution,
    /// Who takes part in a purchase.
    pub buying_group: BuyingGroup,
    /// When a relationship hangs on too few.
    pub relationship: Relationship,
    /// How far an e-mail address tells whose it is.
    pub identity: Identity,
    /// How lifetime value and coming renewals are estimated.
    pub lifetime: LifetimeValue,
    /// The lists that people work through.
    pub lists: Lists,
    /// Where they go when a run is published; nowhere by default.
    pub handover: Handover,
    /// How the customer's voice is counted.
    pub voice: Voice,
    /// The experiments to read out.
    pub experiments: Vec<Experiment>,
}

/// One extract.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// A file, folder or glob, local or in an object store; resolved against
    /// the pipeline's folder.
    pub path: String,
    /// Format of the files; by their extension when not given.
    pub format: Option<FileFormat>,
    /// `strftime` directives of dates in text formats; ISO 8601 when not given.
    pub date_format: Option<String>,
    /// `strftime` directives of timestamps in text formats; a wall clock in the
    /// pipeline's zone unless it carries an offset.
    pub timestamp_format: Option<String>,
    /// Whether no file, or files without rows, are fine.
    pub allow_empty: bool,
    /// Whether the pipeline declares the columns itself.
    pub is_own: bool,
    /// What the files must look like.
    pub contract: Contract,
}

/// Format of an extract's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// Language of texts for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

/// A text in every language that lists are written in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Localised {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

impl Localised {
    /// The text in `language`.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Ja => &self.ja,
        }
    }
}

/// The file as written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PipelineText {
    /// Names the pipeline in the log of the output.
    name: String,
    /// IANA time zone in which a business day begins and ends, for example Asia/Tokyo.
    timezone: String,
    /// Public holidays, as YYYY-MM-DD: business days are none of these.
    holidays: Option<Vec<String>>,
    /// Currency (ISO 4217) of amounts that come without one.
    currency: String,
    /// Language of reasons and next steps: en or ja.
    #[serde(default)]
    language: Language,
    /// Where results are published: a folder (relative to this file) or s3://, gs://, az://.
    output: String,
    /// When `kenko schedule` runs it; never when left out.
    schedule: Option<ScheduleText>,
    /// A folder of your own models (relative to this file): a model of the same
    /// name replaces the shipped one, others are added.
    sql: Option<String>,
    /// The marts to build and publish, with what they are made of and the checks
    /// that hold for these alone; all when left out.
    marts: Option<BTreeSet<String>>,
    /// Extracts by table name; a table that kenko does not know declares its columns.
    sources: BTreeMap<String, SourceText>,
    /// How far back tables look.
    history: Option<HistoryText>,
    /// Below this number of answers or accounts a rate is "too few", not a number.
    minimum_n: Option<u32>,
    /// Lengths in months of the periods that retention is given for.
    retention_months: Option<Vec<u32>>,
    /// When an extract is unusual against its own past.
    source_history: Option<SourceHistory>,
    /// How health is scored.
    health: Option<Health>,
    /// How churn risk is scored.
    risk: Option<Risk>,
    /// How the churn model is trained, judged and put in words.
    churn_model: Option<ChurnSettings>,
    /// How health and risk are tried on what happened afterwards.
    backtest: Option<Backtest>,
    /// The funnels to count.
    funnels: Option<Vec<Funnel>>,
    /// The journeys and the rules that give an account one stage of each a day.
    stages: Option<Vec<Journey>>,
    /// The cohorts of accounts whose retention is counted.
    cohorts: Option<Cohorts>,
    /// The scales of the survey metrics.
    survey: Option<Vec<SurveyMetric>>,
    /// Which touches get credit for won deals, and how far back.
    attribution: Option<Attribution>,
    /// Who takes part in a purchase, and how much each can move.
    buying_group: Option<BuyingGroup>,
    /// When a relationship with an account hangs on too few people.
    relationship: Option<Relationship>,
    /// How far an e-mail address tells whose it is.
    identity: Option<Identity>,
    /// How lifetime value and coming renewals are estimated.
    lifetime_value: Option<LifetimeValue>,
    /// The lists that people work through.
    lists: Option<Lists>,
    /// Where they go when a run is published; nowhere when left out.
    handover: Option<Handover>,
    /// How the customer's voice is counted.
    voice: Option<Voice>,
    /// The experiments to read out; none when left out.
    experiments: Option<Vec<Experiment>>,
}

/// How far back tables look.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HistoryText {
    /// Days of use that features look back over.
    days: u32,
    /// Months that revenue tables look back over.
    months: u32,
}

/// One extract as written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SourceText {
    /// A file, a folder or a glob; a local path is relative to this file.
    path: String,
    /// parquet, csv or `json_lines`; by the extension when left out.
    format: Option<FileFormat>,
    /// strftime directives of dates in CSV and JSON, for example `%d-%m-%Y`.
    date_format: Option<String>,
    /// strftime directives of timestamps in CSV and JSON.
    timestamp_format: Option<String>,
    /// Accept no file, or files without rows.
    #[serde(default)]
    allow_empty: bool,
    /// What a row is (own tables only).
    #[serde(default)]
    about: String,
    /// Columns that together identify a row (own tables only).
    #[serde(default)]
    key: Vec<String>,
    /// The column from whose day or instant on a row is known (own tables only).
    visible_from: Option<String>,
    /// Columns of a table that kenko does not know, in order.
    #[schemars(with = "Option<BTreeMap<String, contract::ColumnText>>")]
    columns: Option<super::ordered::Ordered<contract::ColumnText>>,
}

impl Pipeline {
    /// Whether the table of this name has any data to come from.
    pub fn has(&self, table: &str) -> bool {
        self.sources.contains_key(table) || self.supplied.contains(table)
    }

    /// Reads a pipeline from the text of `file` (a path or URL, for messages
    /// and for resolving what is relative).
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] with file, line and column.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        let written = read(file, text)?;
        let shipped = read(SHIPPED_FILE, SHIPPED_PIPELINE)
            .map_err(|cause| Error::bug("the shipped pipeline is not valid").with_source(cause))?;
        let located = |error: Error| error.at(file, None, None);
        resolve(file, written, shipped).map_err(|error| match error.location() {
            Some(_) => error,
            None => located(error),
        })
    }
}

/// The JSON schema of a pipeline file, for editors.
pub fn schema_json() -> String {
    let schema = schemars::schema_for!(PipelineText);
    serde_json::to_string_pretty(&schema).unwrap_or_default()
}

fn read(file: &str, text: &str) -> Result<PipelineText> {
    serde_saphyr::from_str(text).map_err(|cause| {
        let (line, column) = cause.location().map_or((None, None), |place| {
            (Some(place.line()), Some(place.column()))
        });
        Error::usage("the pipeline file is not valid")
            .with_source(cause.without_snippet().to_string())
            .with_hint("docs/config.md lists every key with its meaning")
            .at(file, line, column)
    })
}

fn resolve(file: &str, written: PipelineText, mut shipped: PipelineText) -> Result<Pipeline> {
    let folder = folder_of(file);
    let history = section(written.history, shipped.history, "history")?;
    within_history(&mut shipped, history);
    // its mistakes are shown where they stand
    let health_file = written.health.as_ref().map_or(SHIPPED_FILE, |_| file);
    let health = section(written.health, shipped.health, "health")?;
    let risk = section(written.risk, shipped.risk, "risk")?;
    let churn_model = section(written.churn_model, shipped.churn_model, "churn_model")?;
    let past = (written.source_history, shipped.source_history);
    let source_history = section(past.0, past.1, "source_history")?;
    let funnels = section(written.funnels, shipped.funnels, "funnels")?;
    let journeys = section(written.stages, shipped.stages, "stages")?;
    let cohorts = section(written.cohorts, shipped.cohorts, "cohorts")?;
    let survey = section(written.survey, shipped.survey, "survey")?;
    let attribution = section(written.attribution, shipped.attribution, "attribution")?;
    let buying_group = section(written.buying_group, shipped.buying_group, "buying_group")?;
    let relationship = section(written.relationship, shipped.relationship, "relationship")?;
    let identity = section(written.identity, shipped.identity, "identity")?;
    let lifetime = section(
        written.lifetime_value,
        shipped.lifetime_value,
        "lifetime_value",
    )?;
    let lists = section(written.lists, shipped.lists, "lists")?;
    let voice = section(written.voice, shipped.voice, "voice")?;
    let minimum_n = written.minimum_n.or(shipped.minimum_n);
    let retention_months = written.retention_months.or(shipped.retention_months);
    let holidays = written.holidays.or(shipped.holidays).unwrap_or_default();
    let backtest = section(written.backtest, shipped.backtest, "backtest")?;
    let zone = Zone::parse(&written.timezone)?;
    let schedule = written.schedule.map(|text| text.schedule(&zone));
    let pipeline = Pipeline {
        name: checked_name(&written.name)?,
        schedule: schedule.transpose()?,
        zone,
        holidays: calendar::holidays(&holidays)?,
        currency: checked_currency(&written.currency)?,
        language: written.language,
        output: beside(&folder, &written.output),
        sql: written.sql.map(|path| beside(&folder, &path)),
        marts: written.marts,
        sources: sources(&folder, written.sources)?,
        supplied: BTreeSet::new(),
        history_days: within("history.days", history.days, 56, 3660)?,
        history_months: within("history.months", history.months, 1, 240)?,
        minimum_n: within("minimum_n", minimum_n.unwrap_or(1), 1, 1000)?,
        retention_months: retention_months.unwrap_or_default(),
        source_history,
        health,
        risk,
        churn_model,
        backtest,
        funnels,
        journeys,
        cohorts,
        survey,
        attribution,
        buying_group,
        relationship,
        identity,
        lifetime,
        lists,
        handover: written.handover.unwrap_or_default(),
        voice,
        experiments: written.experiments.unwrap_or_default(),
    };
    validate(&pipeline)?;
    let factors = &pipeline.voice.factors;
    health::validate(&pipeline.health, &pipeline.journeys, factors, health_file)?;
    Ok(pipeline)
}

/// What must hold within each section.
fn validate(pipeline: &Pipeline) -> Result<()> {
    check_lengths(&pipeline.retention_months, pipeline.history_months)?;
    source_history::validate(pipeline)?;
    risk::validate(&pipeline.risk)?;
    churn_model::validate(&pipeline.churn_model, pipeline.risk.horizon_days)?;
    backtest::validate(&pipeline.backtest)?;
    funnel::validate(&pipeline.funnels)?;
    journey::validate(&pipeline.journeys)?;
    cohort::validate(&pipeline.cohorts, &pipeline.journeys)?;
    survey::validate(&pipeline.survey)?;
    attribution::validate(&pipeline.attribution)?;
    buying_group::validate(&pipeline.buying_group)?;
    relationship::validate(&pipeline.relationship)?;
    identity::validate(&pipeline.identity)?;
    lifetime::validate(&pipeline.lifetime)?;
    lists::validate(&pipeline.lists)?;
    handover::validate(&pipeline.handover)?;
    voice::validate(&pipeline.voice, pipeline.history_days)?;
    experiment::validate(&pipeline.experiments, pipeline.history_days)
}

/// Makes what ships fit a pipeline that looks back less far than the shipped one. Every bound
/// that the history sets has its place here; what a pipeline writes itself is refused instead.
fn within_history(shipped: &mut PipelineText, history: HistoryText) {
    if let Some(voice) = &mut shipped.voice {
        voice.fit_history(history.days);
    }
    if let Some(lengths) = &mut shipped.retention_months {
        lengths.retain(|months| *months <= history.months);
    }
}

/// Every period's length is given once and fits into the history.
fn check_lengths(retention_months: &[u32], history_months: u32) -> Result<()> {
    let mut lengths = BTreeSet::new();
    for months in retention_months {
        within("retention_months", *months, 1, history_months)?;
        if !lengths.insert(months) {
            return Err(Error::usage(format!(
                "`retention_months` names {months} twice"
            )));
        }
    }
    Ok(())
}

/// What the pipeline says, else what the shipped one says.
fn section<T>(written: Option<T>, shipped: Option<T>, name: &str) -> Result<T> {
    written.or(shipped).ok_or_else(|| missing(name))
}

fn missing(section: &str) -> Error {
    Error::bug(format!("the shipped pipeline has no section `{section}`"))
}

/// Refuses a name that is empty or there twice.
pub(super) fn named_once<'a>(place: &str, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    match names
        .into_iter()
        .find(|name| name.is_empty() || !seen.insert(*name))
    {
        None => Ok(()),
        Some(name) => Err(Error::usage(format!(
            "`{place}`: `{name}` is empty or there twice"
        ))),
    }
}

pub(super) fn within(name: &str, value: u32, least: u32, most: u32) -> Result<u32> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(Error::usage(format!(
        "`{name}` is {value}, but must lie within {least} and {most}"
    )))
}

fn checked_name(name: &str) -> Result<String> {
    let fine = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(fine) {
        return Ok(name.to_owned());
    }
    Err(Error::usage(format!("`{name}` is no name for a pipeline"))
        .with_hint("use up to 64 letters, digits, `_` and `-`"))
}

fn checked_currency(code: &str) -> Result<String> {
    if code.len() == 3 && code.chars().all(|letter| letter.is_ascii_uppercase()) {
        return Ok(code.to_owned());
    }
    Err(Error::usage(format!("`{code}` is no currency code"))
        .with_hint("use a code of ISO 4217 such as JPY or EUR"))
}

fn sources(
    folder: &str,
    written: BTreeMap<String, SourceText>,
) -> Result<BTreeMap<String, SourceSpec>> {
    let known = contract::shipped()?;
    let mut sources = BTreeMap::new();
    for (table, text) in written {
        let is_own = text.columns.is_some();
        let contract = if is_own {
            let declared = ContractText {
                about: text.about,
                key: text.key,
                visible_from: text.visible_from,
                columns: text.columns,
            };
            declared.contract(&table)?
        } else {
            known.get(&table).cloned().ok_or_else(|| {
                let names = known
                    .keys()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(", ");
                Error::usage(format!("source `{table}` is not a table kenko knows")).with_hint(
                    format!("declare its `columns:` and `key:`, or use one of: {names}"),
                )
            })?
        };
        let spec = SourceSpec {
            path: beside(folder, &text.path),
            format: text.format,
            date_format: text.date_format,
            timestamp_format: text.timestamp_format,
            allow_empty: text.allow_empty,
            is_own,
            contract,
        };
        sources.insert(checked_table(&table)?, spec);
    }
    Ok(sources)
}

fn checked_table(table: &str) -> Result<String> {
    let fine =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if table.starts_with(|first: char| first.is_ascii_lowercase()) && table.chars().all(fine) {
        return Ok(table.to_owned());
    }
    Err(Error::usage(format!("`{table}` is no name for a source"))
        .with_hint("use lower-case letters, digits and `_`, starting with a letter"))
}

fn folder_of(file: &str) -> String {
    file.rfind(['/', '\\'])
        .map_or_else(|| ".".to_owned(), |end| file[..end].to_owned())
}

/// `path` as seen from where the pipeline file stands; URLs and absolute paths
/// are left alone.
fn beside(folder: &str, path: &str) -> String {
    if path.contains("://") || path.starts_with('/') || folder == "." {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').collect();
    let mut rest = path;
    while let Some(shorter) = rest
        .strip_prefix("../")
        .or_else(|| (rest == "..").then_some(""))
    {
        match parts.last() {
            Some(&last) if last != ".." && last != "." && !last.is_empty() => {
                parts.pop();
                rest = shorter;
            }
            _ => break,
        }
    }
    let rest = rest.strip_prefix("./").unwrap_or(rest);
    match (parts.is_empty(), rest.is_empty()) {
        (true, true) => ".".to_owned(),
        (true, false) => rest.to_owned(),
        (false, true) => parts.join("/"),
        (false, false) => format!("{}/{rest}", parts.join("/")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_pipeline_file() {
        assert_eq!(beside("pipelines", "../testdata/a"), "testdata/a");
        assert_eq!(beside("/etc/kenko", "../data"), "/etc/data");
        assert_eq!(beside("..", "../data"), "../../data");
        assert_eq!(beside("pipelines", ".."), ".");
        assert_eq!(beside("pipelines", "s3://bucket/a"), "s3://bucket/a");
        assert_eq!(beside(".", "./data"), "./data");
    }

    #[test]
    fn the_shipped_pipeline_is_valid() {
        let pipeline = Pipeline::parse(SHIPPED_FILE, SHIPPED_PIPELINE).unwrap();
        assert_eq!(pipeline.name, "nightly");
        assert!(pipeline.sources.contains_key("event"));
        assert!(!pipeline.funnels.is_empty());
    }

    #[test]
    fn what_ships_fits_the_shortest_history_and_what_is_written_is_refused() {
        let with = |more: &str| {
            let text = format!(
                "name: own\ntimezone: UTC\ncurrency: EUR\noutput: out\nsources:\n  account: \
                 {{path: a.parquet}}\nhistory: {{days: 56, months: 1}}\n{more}"
            );
            Pipeline::parse("own.yaml", &text)
        };
        let own = with("").unwrap();
        assert_eq!(own.retention_months, [1]);
        assert_eq!((own.voice.change_days, own.voice.answer_days), (28, 56));
        assert_eq!(
            (own.voice.silent_from_days, own.voice.silent_to_days),
            (14, 56)
        );
        assert_eq!(own.voice.fulfilment.health_days, 56);
        assert!(with("retention_months: [3]\n").is_err());
    }

    #[test]
    fn sections_left_out_are_those_of_the_shipped_pipeline() {
        let text = "name: own\ntimezone: UTC\ncurrency: EUR\noutput: out\nsources:\n  \
                    account: {path: a.parquet}\n";
        let own = Pipeline::parse("own.yaml", text).unwrap();
        let shipped = Pipeline::parse(SHIPPED_FILE, SHIPPED_PIPELINE).unwrap();
        assert_eq!(own.risk, shipped.risk);
        assert_eq!(own.minimum_n, shipped.minimum_n);
    }

    #[test]
    fn a_period_of_one_length_is_given_once() {
        let text = "name: own\ntimezone: UTC\ncurrency: EUR\noutput: out\nretention_months: \
                    [1, 12, 1]\nsources:\n  account: {path: a.parquet}\n";
        let error = Pipeline::parse("own.yaml", text).unwrap_err();
        assert!(error.to_string().contains("names 1 twice"), "{error}");
    }

    #[test]
    fn mistakes_point_at_their_place() {
        let text = "name: own\ntimezone: UTC\ncurency: EUR\n";
        let error = Pipeline::parse("own.yaml", text).unwrap_err();
        assert_eq!(error.location().unwrap().line, Some(3));
        let text = "name: own\ntimezone: Tokio\ncurrency: EUR\noutput: out\nsources: {}\n";
        let error = Pipeline::parse("own.yaml", text).unwrap_err();
        assert_eq!(error.location().unwrap().file, "own.yaml");
        assert!(error.to_string().contains("Tokio"));
    }
}
