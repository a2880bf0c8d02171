//! The order in which models are built, and who may read whom.
//!
//! Edges are the tables that models name. Four kinds of table come from
//! outside: `raw_*` and `cfg_*` (given as `known`), `run_*`, what the run says of
//! itself, `prior_<mart>` and `past_<mart>`, the last publication of a mart of
//! this graph and the mart as of past days, and `earlier_<model>`, the rows that
//! an accumulating model had after an earlier day. Models that read `run_check`,
//! directly or not, are *late*: they are built after every check that does not
//! need them. The graph only orders; it executes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Layer, Model, same_name};
use crate::error::{Error, Result, closest};

/// The results of all checks of a run.
pub const RUN_CHECK: &str = "run_check";

/// What the run found in its sources.
pub const RUN_SOURCE: &str = "run_source";

/// One row: the last day that `earlier_` tables hold.
pub const RUN_EARLIER: &str = "run_earlier";
/// The cutoffs that are to be computed.
pub const RUN_CUTOFF: &str = "run_cutoff";
/// A mart as last published, and as of past days.
const PRIOR: [&str; 2] = ["prior_", "past_"];
/// An accumulating model as it was after an earlier day.
pub const EARLIER: &str = "earlier_";

/// Models in an order in which each comes after what it reads.
#[derive(Clone, Debug)]
pub struct Graph {
    models: BTreeMap<String, Model>,
    waits_for: BTreeMap<String, BTreeSet<String>>,
    late: BTreeSet<String>,
    order: Vec<String>,
}

impl Graph {
    /// Links `models`; `known` names the `raw_*` and `cfg_*` tables that exist.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Usage`] at file, line and column: a table that
    /// does not exist, a table that the layer may not read, models that read each
    /// other in a circle; and two models of the same name.
    pub fn new(models: Vec<Model>, known: &BTreeSet<String>) -> Result<Self> {
        let mut by_name: BTreeMap<String, Model> = BTreeMap::new();
        for model in models {
            if let Some(other) = by_name.get(&model.name) {
                return Err(same_name(&model.name, &other.file, &model.file));
            }
            by_name.insert(model.name.clone(), model);
        }
        let tables = Tables {
            models: &by_name,
            known,
        };
        let mut waits_for = BTreeMap::new();
        for model in by_name.values() {
            let mut upstream = BTreeSet::new();
            for table in &model.reads {
                match tables.readable(model, table)? {
                    Kind::Built(_) => {
                        upstream.insert(table.clone());
                    }
                    // Who reads what was needs somebody to write what will be.
                    Kind::Earlier(other) if other != model.name => {
                        upstream.insert(other);
                    }
                    _ => {}
                }
            }
            tables.subject_exists(model)?;
            reads_what_its_parts_need(model)?;
            waits_for.insert(model.name.clone(), upstream);
        }
        if let Some(circle) = circle(&waits_for) {
            return Err(circle_error(&by_name, &circle));
        }
        let late = late(&by_name, &waits_for);
        let early_checks: BTreeSet<String> = by_name
            .values()
            .filter(|model| model.layer == Layer::Check && !late.contains(&model.name))
            .map(|model| model.name.clone())
            .collect();
        for model in by_name.values() {
            if model.reads.contains(RUN_CHECK)
                && let Some(upstream) = waits_for.get_mut(&model.name)
            {
                upstream.extend(early_checks.iter().cloned());
            }
        }
        let order = ordered(&by_name, &waits_for, &late);
        Ok(Self {
            models: by_name,
            waits_for,
            late,
            order,
        })
    }

    /// Every model and check, each after all it waits for; among those that are
    /// ready, models come before checks and late ones last, then alphabetically.
    pub fn order(&self) -> impl DoubleEndedIterator<Item = &Model> {
        self.order.iter().filter_map(|name| self.models.get(name))
    }

    /// The model or check called `name`.
    pub fn get(&self, name: &str) -> Option<&Model> {
        self.models.get(name)
    }

    /// What must be finished before `name` can start: the models it reads and,
    /// for a reader of `run_check`, every check that is not late. Models that do
    /// not wait for each other can be built side by side.
    pub fn waits_for(&self, name: &str) -> impl Iterator<Item = &str> {
        self.waits_for
            .get(name)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// The models and checks that wait for `name` directly.
    pub fn dependents<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.waits_for
            .iter()
            .filter(move |(_, upstream)| upstream.contains(name))
            .map(|(reader, _)| reader.as_str())
    }

    /// The models that can be built day by day: their header says so, and all
    /// they read is `cfg_*`, another such model, or an extract of which
    /// `is_dated` says that each row belongs to a known day. In the order in
    /// which they can be built. A model whose header says so but that reads
    /// something else is built whole, as any other.
    pub fn by_day(&self, is_dated: impl Fn(&str) -> bool) -> Vec<&Model> {
        let mut found: Vec<&Model> = Vec::new();
        for model in self.order().filter(|model| model.header.is_by_day) {
            let is_of_a_day = |table: &String| {
                table.starts_with("cfg_")
                    || found.iter().any(|earlier| earlier.name == *table)
                    || is_dated(table)
            };
            let is_fed = |table: &String| !table.starts_with("cfg_");
            if model.reads.iter().all(is_of_a_day) && model.reads.iter().any(is_fed) {
                found.push(model);
            }
        }
        found
    }

    /// Whether `name` needs the results of the checks, so that its own checks
    /// cannot be among them.
    pub fn is_late(&self, name: &str) -> bool {
        self.late.contains(name)
    }
}

/// What a name after `from` stands for.
enum Kind {
    Raw,
    Config,
    Prior,
    RunSource,
    RunCheck,
    /// What the run says of the part that it builds.
    Part,
    Earlier(String),
    Built(Layer),
}

/// A model built in parts must read which, or every part would hold all.
fn reads_what_its_parts_need(model: &Model) -> Result<()> {
    let own = format!("{EARLIER}{}", model.name);
    let missing = if model.header.accumulates && !model.reads.contains(&own) {
        own
    } else if model.header.is_by_cutoff && !model.reads.contains(RUN_CUTOFF) {
        RUN_CUTOFF.to_owned()
    } else {
        return Ok(());
    };
    Err(Error::usage(format!(
        "`{}` does not read `{missing}`, which its header asks for",
        model.name
    ))
    .at(&model.file, None, None)
    .with_hint("read it, or change the header"))
}

struct Tables<'a> {
    models: &'a BTreeMap<String, Model>,
    known: &'a BTreeSet<String>,
}

impl Tables<'_> {
    fn kind(&self, table: &str) -> Option<Kind> {
        if let Some(model) = self.models.get(table) {
            return (model.layer != Layer::Check).then_some(Kind::Built(model.layer));
        }
        let mut earlier = PRIOR.iter();
        if let Some(mart) = earlier.find_map(|prefix| table.strip_prefix(prefix)) {
            let model = self.models.get(mart)?;
            return (model.layer == Layer::Mart).then_some(Kind::Prior);
        }
        if let Some(other) = table.strip_prefix(EARLIER) {
            let other = self.models.get(other)?;
            return (other.header.accumulates).then(|| Kind::Earlier(other.name.clone()));
        }
        match table {
            RUN_SOURCE => Some(Kind::RunSource),
            RUN_CHECK => Some(Kind::RunCheck),
            RUN_EARLIER | RUN_CUTOFF => Some(Kind::Part),
            _ if !self.known.contains(table) => None,
            _ if table.starts_with("cfg_") => Some(Kind::Config),
            _ => Some(Kind::Raw),
        }
    }

    fn readable(&self, model: &Model, table: &str) -> Result<Kind> {
        let Some(kind) = self.kind(table) else {
            return Err(self.unknown(model, table));
        };
        let header = &model.header;
        let is_allowed = match (model.layer, &kind) {
            (_, Kind::Part) if table == RUN_CUTOFF => header.is_by_cutoff,
            (_, Kind::Earlier(_) | Kind::Part) => header.accumulates,
            (Layer::Check, _) | (_, Kind::Config | Kind::RunSource) => true,
            (Layer::Staging, kind) => {
                matches!(kind, Kind::Raw | Kind::Built(Layer::Staging))
            }
            (Layer::Intermediate, kind) => matches!(
                kind,
                Kind::Prior | Kind::Built(Layer::Staging | Layer::Intermediate)
            ),
            (Layer::Mart, kind) => !matches!(kind, Kind::Raw),
        };
        if is_allowed {
            return Ok(kind);
        }
        let what = match kind {
            Kind::Raw => "an extract",
            Kind::Config => "configuration",
            Kind::Prior => "an earlier day of a mart",
            Kind::RunSource | Kind::RunCheck => "results of the run",
            Kind::Earlier(_) | Kind::Part => "for models built in parts: see its header",
            Kind::Built(Layer::Intermediate) => "an intermediate model",
            Kind::Built(_) => "a mart",
        };
        let hint = match model.layer {
            Layer::Staging => "staging reads `raw_`, `cfg_`, `run_source` and staging",
            Layer::Intermediate => {
                "intermediate models read staging, intermediate, `cfg_`, `prior_`, `past_` and \
                 `run_source`"
            }
            _ => {
                "marts read staging, intermediate, marts, `cfg_`, `prior_`, `past_`, `run_source` \
                 and `run_check`: read the staging model of that extract"
            }
        };
        Err(model
            .error_at(
                table,
                format!("a model of {} must not read `{table}`, {what}", model.layer),
            )
            .with_hint(hint))
    }

    fn unknown(&self, model: &Model, table: &str) -> Error {
        if self.models.contains_key(table) {
            return model
                .error_at(table, format!("`{table}` is a check, not a table"))
                .with_hint("the results of all checks are in `run_check`");
        }
        let error = model.error_at(table, format!("there is no table `{table}`"));
        match self.closest(table) {
            Some(hint) => error.with_hint(hint),
            None => error.with_hint(
                "add a model of that name, or declare the source under `sources` in the pipeline",
            ),
        }
    }

    fn closest(&self, table: &str) -> Option<String> {
        let priors: Vec<String> = self
            .models
            .values()
            .filter(|other| other.layer == Layer::Mart)
            .flat_map(|mart| PRIOR.map(|prefix| format!("{prefix}{}", mart.name)))
            .collect();
        let candidates = self
            .models
            .values()
            .filter(|other| other.layer != Layer::Check)
            .map(|other| other.name.as_str())
            .chain(self.known.iter().map(String::as_str))
            .chain(priors.iter().map(String::as_str))
            .chain([RUN_SOURCE, RUN_CHECK, RUN_EARLIER, RUN_CUTOFF]);
        closest(table, candidates).map(|near| format!("did you mean `{near}`?"))
    }

    /// The table that a check is about must exist. The check need not read it:
    /// what a table leaves out is found in what it is made of.
    fn subject_exists(&self, model: &Model) -> Result<()> {
        let Some(subject) = &model.header.checks else {
            return Ok(());
        };
        if self.kind(subject).is_some() {
            return Ok(());
        }
        let error = Error::usage(format!(
            "the check is about `{subject}`, which does not exist"
        ))
        .at(&model.file, None, None);
        Err(match self.closest(subject) {
            Some(hint) => error.with_hint(hint),
            None => error.with_hint("name a table after `-- checks:`"),
        })
    }
}

/// A circle of models that read each other, if there is one: each reads the
/// next, and the last reads the first.
fn circle(waits_for: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut left: BTreeMap<&str, BTreeSet<&str>> = waits_for
        .iter()
        .map(|(name, upstream)| (name.as_str(), upstream.iter().map(String::as_str).collect()))
        .collect();
    loop {
        let ready: BTreeSet<&str> = left
            .iter()
            .filter(|(_, upstream)| upstream.is_empty())
            .map(|(name, _)| *name)
            .collect();
        if ready.is_empty() {
            break;
        }
        left.retain(|name, _| !ready.contains(name));
        for upstream in left.values_mut() {
            upstream.retain(|name| !ready.contains(name));
        }
    }
    // Everything left waits for something that is left: following the first
    // such name must come back to one already seen.
    let mut path: Vec<&str> = vec![left.keys().next()?];
    loop {
        let next = left.get(path.last()?)?.iter().next()?;
        if let Some(start) = path.iter().position(|name| name == next) {
            return Some(
                path[start..]
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect(),
            );
        }
        path.push(next);
    }
}

fn circle_error(models: &BTreeMap<String, Model>, circle: &[String]) -> Error {
    let mut path: Vec<&str> = circle.iter().map(String::as_str).collect();
    let first = path.first().copied().unwrap_or_default();
    let second = path.get(1).copied().unwrap_or(first);
    path.push(first);
    let message = format!("models read each other in a circle: {}", path.join(" → "));
    let error = match models.get(first) {
        Some(model) => model.error_at(second, message),
        None => Error::usage(message),
    };
    error.with_hint("move what they share into a model that both read")
}

fn late(
    models: &BTreeMap<String, Model>,
    waits_for: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<String> {
    let mut late: BTreeSet<String> = models
        .values()
        .filter(|model| model.reads.contains(RUN_CHECK))
        .map(|model| model.name.clone())
        .collect();
    loop {
        let found: Vec<String> = waits_for
            .iter()
            .filter(|(name, upstream)| !late.contains(*name) && !upstream.is_disjoint(&late))
            .map(|(name, _)| name.clone())
            .collect();
        if found.is_empty() {
            return late;
        }
        late.extend(found);
    }
}

fn ordered(
    models: &BTreeMap<String, Model>,
    waits_for: &BTreeMap<String, BTreeSet<String>>,
    late: &BTreeSet<String>,
) -> Vec<String> {
    let key = |model: &Model| {
        (
            late.contains(&model.name),
            model.layer == Layer::Check,
            model.name.clone(),
        )
    };
    let mut open: BTreeSet<_> = models.values().map(key).collect();
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut order = Vec::with_capacity(open.len());
    while let Some(next) = open
        .iter()
        .find(|(_, _, name)| {
            waits_for
                .get(name)
                .is_none_or(|upstream| upstream.is_subset(&done))
        })
        .cloned()
    {
        open.remove(&next);
        done.insert(next.2.clone());
        order.push(next.2);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parse;

    fn model(file: &str, reads: &str) -> Model {
        let header = match file.split_once('/') {
            Some(("marts", _)) => {
                "-- A row.\n-- grain: id\n-- columns:\n--   id | text | key | the key\n".to_owned()
            }
            Some(("checks", _)) => {
                let subject = reads.split(", ").next().unwrap();
                format!("-- A row.\n-- severity: error\n-- checks: {subject}\n")
            }
            _ => "-- A row.\n-- grain: id\n".to_owned(),
        };
        parse(file, &format!("{header}select 1 as id from {reads}\n")).unwrap()
    }

    fn known() -> BTreeSet<String> {
        ["raw_a", "raw_b", "cfg_x"].map(str::to_owned).into()
    }

    fn build(files: &[(&str, &str)]) -> Result<Graph> {
        let models = files
            .iter()
            .map(|(file, reads)| model(file, reads))
            .collect();
        Graph::new(models, &known())
    }

    fn failure(files: &[(&str, &str)]) -> String {
        build(files).unwrap_err().render()
    }

    #[test]
    fn the_order_is_alphabetic_among_the_ready_and_late_ones_come_last() {
        let graph = build(&[
            ("marts/quality.sql", "run_check, run_source"),
            ("marts/alpha.sql", "int_z, prior_alpha"),
            ("staging/stg_b.sql", "raw_b"),
            ("staging/stg_a.sql", "raw_a, stg_b"),
            ("intermediate/int_z.sql", "stg_a, cfg_x"),
            ("checks/alpha_is_right.sql", "alpha, raw_a"),
            ("checks/quality_is_right.sql", "quality"),
        ])
        .unwrap();
        let order: Vec<&str> = graph.order().map(|model| model.name.as_str()).collect();
        assert_eq!(
            order,
            [
                "stg_b",
                "stg_a",
                "int_z",
                "alpha",
                "alpha_is_right",
                "quality",
                "quality_is_right"
            ]
        );
        assert_eq!(
            graph.waits_for("quality").collect::<Vec<_>>(),
            ["alpha_is_right"]
        );
        assert_eq!(graph.dependents("stg_a").collect::<Vec<_>>(), ["int_z"]);
        assert!(graph.is_late("quality_is_right") && !graph.is_late("alpha"));
    }

    #[test]
    fn errors_point_at_the_table_in_the_text() {
        let cases: [(&[(&str, &str)], &str); 9] = [
            (
                &[("staging/stg_a.sql", "raw_aa")],
                "staging/stg_a.sql:3:21: there is no table `raw_aa`",
            ),
            (&[("staging/stg_a.sql", "raw_aa")], "did you mean `raw_a`?"),
            (
                &[("staging/stg_a.sql", "prior_alpha")],
                "there is no table `prior_alpha`",
            ),
            (
                &[("marts/alpha.sql", "raw_a")],
                "marts/alpha.sql:5:21: a model of marts must not read `raw_a`, an extract",
            ),
            (
                &[("marts/alpha.sql", "cfg_x"), ("staging/stg_a.sql", "alpha")],
                "must not read `alpha`, a mart",
            ),
            (
                &[
                    ("marts/alpha.sql", "cfg_x"),
                    ("staging/stg_a.sql", "prior_alpha"),
                ],
                "an earlier day of a mart",
            ),
            (
                &[("intermediate/int_a.sql", "run_check")],
                "must not read `run_check`, results of the run",
            ),
            (
                &[("checks/right.sql", "raw_a"), ("marts/alpha.sql", "right")],
                "`right` is a check, not a table",
            ),
            (
                &[
                    ("staging/stg_a.sql", "stg_b"),
                    ("staging/stg_b.sql", "stg_c"),
                    ("staging/stg_c.sql", "stg_b"),
                ],
                "staging/stg_b.sql:3:21: models read each other in a circle: stg_b → stg_c → stg_b",
            ),
        ];
        for (files, expected) in cases {
            let shown = failure(files);
            assert!(shown.contains(expected), "{expected} not in\n{shown}");
        }
    }

    #[test]
    fn by_day_is_what_reads_nothing_but_days() {
        let by_day = |name: &str, reads: &str| {
            let header = "-- A row.\n-- grain: id, day\n-- partition: day\n";
            let text = format!("{header}select id, day from {reads}\n");
            parse(&format!("staging/{name}.sql"), &text).unwrap()
        };
        let models = vec![
            by_day("stg_event", "raw_a"),
            by_day("stg_count", "stg_event, cfg_x"),
            by_day("stg_mixed", "stg_event, stg_plain"),
            by_day("stg_undated", "raw_b"),
            by_day("stg_constant", "cfg_x"),
            model("staging/stg_plain.sql", "raw_a"),
        ];
        let graph = Graph::new(models, &known()).unwrap();
        let found = graph.by_day(|table| table == "raw_a");
        let names: Vec<&str> = found.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["stg_event", "stg_count"]);
    }

    #[test]
    fn a_check_is_about_a_table_that_exists() {
        let text = "-- A row.\n-- severity: warn\n-- checks: raw_bb\nselect 1 as id from raw_a\n";
        let check = parse("checks/right.sql", text).unwrap();
        let error = Graph::new(vec![check], &known()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("about `raw_bb`, which does not exist")
        );
        assert_eq!(error.hint(), Some("did you mean `raw_b`?"));
    }
}
