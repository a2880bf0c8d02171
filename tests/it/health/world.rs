//! Random profiles as a pipeline writes them, and an engine in which the shipped models run
//! on random inputs.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use kenko::config::{self, Pipeline, SHIPPED_PIPELINE};
use kenko::engine::session;
use kenko::engine::{Engine, Settings, Statement};
use kenko::model::Model;
use kenko::model::shipped::shipped;
use kenko::time::{AsOf, Zone, parse_date};

use super::brute::{Account, MEASURES};

/// Numbers from a seed (`SplitMix64`).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    pub(super) fn number(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * ((self.next() >> 11) as f64 / (1_u64 << 53) as f64)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Weights above zero with two digits that sum to 1.
    fn weights(&mut self, count: usize) -> Vec<f64> {
        let mut cuts: Vec<usize> = (1..100).collect();
        while cuts.len() > count - 1 {
            let index = self.below(cuts.len());
            cuts.remove(index);
        }
        cuts.push(100);
        let mut from = 0;
        cuts.into_iter()
            .map(|cut| {
                let weight = u32::try_from(cut - from).unwrap();
                from = cut;
                f64::from(weight) / 100.0
            })
            .collect()
    }
}

#[derive(Clone, Debug)]
pub(super) struct Measure {
    pub(super) name: &'static str,
    pub(super) weight: f64,
    pub(super) curve: Vec<(f64, f64)>,
}

#[derive(Clone, Debug)]
pub(super) struct Dimension {
    pub(super) name: String,
    pub(super) weight: f64,
    pub(super) is_worst: bool,
    pub(super) measures: Vec<Measure>,
}

#[derive(Clone, Debug)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) segment: Option<&'static str>,
    pub(super) combiner: &'static str,
    pub(super) reach: f64,
    pub(super) floor: f64,
    pub(super) hysteresis: f64,
    pub(super) tiers: Vec<(&'static str, f64)>,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) cap: Option<f64>,
}

impl Profile {
    /// One for each combiner, of segments s1, s2 and everybody, in any order.
    pub(super) fn some(dice: &mut Dice) -> Vec<Self> {
        let mut combiners = vec!["weighted_mean", "points_from_neutral", "worst_of"];
        [Some("s1"), Some("s2"), None]
            .into_iter()
            .enumerate()
            .map(|(index, segment)| {
                let at = dice.below(combiners.len());
                Self {
                    name: format!("p{index}"),
                    segment,
                    combiner: combiners.remove(at),
                    reach: *dice.one(&[25.0, 50.0, 80.0, 130.5]),
                    floor: *dice.one(&[0.0, 0.3, 0.6, 0.8]),
                    hysteresis: *dice.one(&[0.0, 3.0, 7.5]),
                    tiers: vec![("red", 0.0), ("amber", 45.0), ("green", 70.0)],
                    dimensions: dimensions(dice),
                    cap: (dice.below(2) == 0).then(|| *dice.one(&[0.0, 20.0, 40.0, 66.6])),
                }
            })
            .collect()
    }

    /// The tiers and the margin of the shipped profile.
    pub(super) fn plain() -> Self {
        Self {
            name: "default".to_owned(),
            segment: None,
            combiner: "weighted_mean",
            reach: 0.0,
            floor: 0.0,
            hysteresis: 3.0,
            tiers: vec![("red", 0.0), ("amber", 45.0), ("green", 70.0)],
            dimensions: Vec::new(),
            cap: None,
        }
    }

    /// The profile with each weight a tenth higher and lower, one at a time. Weights are
    /// relative, so that they need not sum to 1 here.
    pub(super) fn with_moved_weights(&self) -> Vec<(&'static str, String, &'static str, Self)> {
        let mut all = Vec::new();
        for (direction, factor) in [("higher", 1.1), ("lower", 0.9)] {
            for (index, dimension) in self.dimensions.iter().enumerate() {
                let mut other = self.clone();
                other.dimensions[index].weight *= factor;
                all.push(("dimension", dimension.name.clone(), direction, other));
                for (place, measure) in dimension.measures.iter().enumerate() {
                    let mut other = self.clone();
                    other.dimensions[index].measures[place].weight *= factor;
                    all.push(("measure", measure.name.to_owned(), direction, other));
                }
            }
        }
        all
    }

    fn yaml(&self, priority: usize) -> String {
        let mut text = format!(
            "    - name: {}\n      priority: {priority}\n      combiner: {}\n      coverage_floor: \
             {}\n      hysteresis_points: {}\n",
            self.name, self.combiner, self.floor, self.hysteresis
        );
        if let Some(segment) = self.segment {
            let _ = writeln!(
                text,
                "      when: [{{attribute: segment, in: [{segment}]}}]"
            );
        }
        if self.combiner == "points_from_neutral" {
            let _ = writeln!(text, "      reach: {}", self.reach);
        }
        text.push_str("      tiers:\n");
        for (tier, from) in &self.tiers {
            let _ = writeln!(text, "        - {{tier: {tier}, from: {from}}}");
        }
        text.push_str("      dimensions:\n");
        for dimension in &self.dimensions {
            let combiner = if dimension.is_worst {
                "worst_of"
            } else {
                "weighted_mean"
            };
            let _ = writeln!(
                text,
                "        - name: {}\n          label: {{en: D, ja: D}}\n          weight: {}\n          \
                 combiner: {combiner}\n          measures:",
                dimension.name, dimension.weight
            );
            for measure in &dimension.measures {
                let curve: Vec<String> = measure
                    .curve
                    .iter()
                    .map(|point| format!("[{}, {}]", point.0, point.1))
                    .collect();
                let _ = writeln!(
                    text,
                    "            - {{name: {}, weight: {}, label: {{en: M, ja: M}}, curve: [{}]}}",
                    measure.name,
                    measure.weight,
                    curve.join(", ")
                );
            }
        }
        if let Some(cap) = self.cap {
            let _ = writeln!(
                text,
                "      caps:\n        - {{name: debt, when: [{{signal: overdue_days, from: 60}}], at_most: \
                 {cap}, reason: {{en: \"{{1}}\", ja: \"{{1}}\"}}}}"
            );
        }
        text
    }
}

/// All measures dealt to one to four dimensions, none of them empty.
fn dimensions(dice: &mut Dice) -> Vec<Dimension> {
    let count = 1 + dice.below(4);
    let mut dealt: Vec<Vec<&'static str>> = vec![Vec::new(); count];
    for (index, measure) in MEASURES.into_iter().enumerate() {
        let place = if index < count {
            index
        } else {
            dice.below(count)
        };
        dealt[place].push(measure);
    }
    let weights = dice.weights(count);
    let mut all = Vec::new();
    for (index, (names, weight)) in dealt.into_iter().zip(weights).enumerate() {
        let shares = dice.weights(names.len());
        all.push(Dimension {
            name: format!("d{index}"),
            weight,
            is_worst: dice.below(3) == 0,
            measures: names
                .into_iter()
                .zip(shares)
                .map(|(name, weight)| Measure {
                    name,
                    weight,
                    curve: curve(dice),
                })
                .collect(),
        });
    }
    all
}

fn curve(dice: &mut Dice) -> Vec<(f64, f64)> {
    let mut raw = dice.number(-2.0, 3.0).round();
    (0..2 + dice.below(4))
        .map(|_| {
            raw += 1.0 + dice.number(0.0, 5.0).round();
            (raw, dice.number(0.0, 100.0).round())
        })
        .collect()
}

/// An engine with the shipped models.
pub(super) struct Lab {
    engine: Engine,
    models: Vec<Model>,
    _folder: tempfile::TempDir,
}

impl Lab {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let zone = Zone::parse("UTC").unwrap();
        let day = |text| parse_date(text).unwrap();
        let settings = Settings {
            threads: 2,
            memory_bytes: 1 << 30,
            scratch: folder.path().to_owned(),
            days: zone.days(day("2025-01-01"), day("2026-12-31")).unwrap(),
            zone,
        };
        Self {
            engine: Engine::over(session::open(&settings).unwrap()),
            models: shipped().unwrap(),
            _folder: folder,
        }
    }

    fn as_of(night: i32) -> AsOf {
        let zone = Zone::parse("UTC").unwrap();
        let first = parse_date("2026-01-31").unwrap();
        let date = first.checked_add(jiff::Span::new().days(night)).unwrap();
        AsOf::parse(&date.to_string(), &zone).unwrap()
    }

    /// The as-of day of a night, in days since 1970.
    #[expect(clippy::unused_self, reason = "read as a property of the series")]
    pub(super) fn day(&self, night: i32) -> i32 {
        Self::as_of(night).epoch_days()
    }

    pub(super) async fn select(&self, sql: &str) -> (SchemaRef, Vec<RecordBatch>) {
        self.statement(sql, 0).await
    }

    async fn statement(&self, sql: &str, night: i32) -> (SchemaRef, Vec<RecordBatch>) {
        let statement = Statement {
            name: "test",
            file: "test.sql",
            sql,
            as_of: Self::as_of(night).epoch_days(),
        };
        self.engine
            .collect(&statement)
            .await
            .unwrap_or_else(|error| panic!("{}\n{sql}", error.render()))
    }

    fn keep(&self, name: &str, schema: &SchemaRef, batches: Vec<RecordBatch>) {
        let fields = schema.fields().iter();
        let fields: Vec<_> = fields
            .map(|field| field.as_ref().clone().with_nullable(true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let batches = batches
            .into_iter()
            .map(|batch| {
                RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()).unwrap()
            })
            .collect();
        self.engine.register_batches(name, schema, batches).unwrap();
    }

    async fn table(&self, name: &str, sql: &str) {
        let (schema, batches) = self.select(sql).await;
        self.keep(name, &schema, batches);
    }

    /// Runs a shipped model and keeps its rows as a table.
    pub(super) async fn run(&self, name: &str, night: i32) {
        let model = self.models.iter().find(|model| model.name == name).unwrap();
        let (schema, batches) = self.statement(&model.sql, night).await;
        self.keep(name, &schema, batches);
    }

    /// No run was published before.
    pub(super) async fn without_past(&self) {
        for name in ["account_health", "health_measure"] {
            let model = self.models.iter().find(|model| model.name == name).unwrap();
            let columns: Vec<String> = model
                .header
                .columns
                .iter()
                .map(|column| {
                    let kind = match column.kind.to_string().as_str() {
                        "integer" => "bigint".to_owned(),
                        "float" => "double".to_owned(),
                        other => other.to_owned(),
                    };
                    format!("cast(null as {kind}) as {}", column.name)
                })
                .collect();
            let sql = format!(
                "select {}, cast(null as date) as as_of where false",
                columns.join(", ")
            );
            self.table(&format!("prior_{name}"), &sql).await;
        }
    }

    /// What was computed is what the next night finds.
    pub(super) async fn becomes_past(&self, night: i32) {
        for name in ["account_health", "health_measure"] {
            if name == "health_measure" && !self.has("health_measure").await {
                continue;
            }
            let sql = format!("select *, $as_of as as_of from {name}");
            let (schema, batches) = self.statement(&sql, night).await;
            self.keep(&format!("prior_{name}"), &schema, batches);
        }
    }

    async fn has(&self, name: &str) -> bool {
        let statement = Statement {
            name: "test",
            file: "test.sql",
            sql: &format!("select 1 from {name}"),
            as_of: 0,
        };
        self.engine.collect(&statement).await.is_ok()
    }

    /// The inputs of a night: the profiles as a pipeline, and what is known of accounts.
    pub(super) async fn night(&self, profiles: &[Profile], accounts: &[Account], night: i32) {
        let profiles: String = profiles
            .iter()
            .enumerate()
            .map(|(index, profile)| profile.yaml(index + 1))
            .collect();
        self.configure(&format!(
            "health:\n  override_days: 90\n  important_share: 0.1\n  profiles:\n{profiles}"
        ));
        let day = Self::as_of(night).date().to_string();
        let ids = |of: &dyn Fn(&Account) -> String| -> String {
            accounts.iter().map(of).collect::<Vec<_>>().join(", ")
        };
        let listed = ids(&|account| format!("('{}', '{}')", account.id, account.segment));
        self.table("stg_account", &format!("select account_id, segment, account_id as account_name, 'o' as owner_id from (values {listed}) as v (account_id, segment)")).await;
        self.table("int_account_dimension", &format!("select account_id, 'segment' as dimension, segment as dimension_value from (values {listed}) as v (account_id, segment)")).await;
        self.customers(&day).await;
        let measures: Vec<String> = accounts
            .iter()
            .flat_map(|account| {
                account.known.iter().map(move |known| {
                    let raw = if ["value", "zero"].contains(&known.state) {
                        format!("{:?}", known.raw)
                    } else {
                        "null".to_owned()
                    };
                    format!(
                        "('{}', '{}', '{}', {raw})",
                        account.id, known.measure, known.state
                    )
                })
            })
            .collect();
        self.table("int_account_measure", &format!(
            "select date '{day}' as as_of, account_id, measure, state, cast(raw_value as double) as raw_value, date '{day}' as observed_on \
             from (values {}) as v (account_id, measure, state, raw_value)", measures.join(", "))).await;
        let debts = ids(&|account| {
            format!(
                "('{}', {})",
                account.id,
                account
                    .overdue_days
                    .map_or("null".to_owned(), |days| format!("{days:?}"))
            )
        });
        self.table("int_health_signal", &format!(
            "select account_id, 'overdue_days' as signal, cast(value as double) as value from (values {debts}) as v (account_id, value) where value is not null")).await;
        let said = ids(&|account| {
            format!(
                "('{}', {})",
                account.id,
                account
                    .said
                    .map_or("null".to_owned(), |score| format!("'{score}'"))
            )
        });
        self.table("stg_override", &format!(
            "select 'account_health' as table_name, row_key, 'score' as column_name, value, 'x' as author, 'y' as reason, \
             arrow_cast('{day}T00:00:00Z', 'Timestamp(Microsecond, Some(\"UTC\"))') as made_at, cast(null as date) as expires_on \
             from (values {said}) as v (row_key, value) where value is not null")).await;
        self.table("int_stage_stay", &format!(
            "select 'relationship' as journey, 'a' as account_id, 'use' as stage, date '{day}' as entered_on, cast(null as date) as left_on where false")).await;
    }

    async fn customers(&self, day: &str) {
        self.table("int_account_commercial", &format!(
            "select date '{day}' as as_of, account_id, cast(10 as decimal(38,4)) as mrr, cast(120 as decimal(38,4)) as arr, 'JPY' as currency from stg_account")).await;
    }

    fn configure(&self, section: &str) {
        let start = SHIPPED_PIPELINE.find("\nhealth:\n").unwrap() + 1;
        let end = SHIPPED_PIPELINE.find("\nrisk:\n").unwrap() + 1;
        let text = format!(
            "{}{section}\n{}",
            &SHIPPED_PIPELINE[..start],
            &SHIPPED_PIPELINE[end..]
        );
        let pipeline = Pipeline::parse("test.yaml", &text)
            .unwrap_or_else(|error| panic!("{}\n{section}", error.render()));
        for (name, batch) in config::tables(&pipeline, &Self::as_of(0)).unwrap() {
            self.keep(&name, &batch.schema(), vec![batch]);
        }
    }

    /// The shipped pipeline's settings.
    pub(super) fn configure_as_shipped(&self) {
        let pipeline = Pipeline::parse("test.yaml", SHIPPED_PIPELINE).unwrap();
        for (name, batch) in config::tables(&pipeline, &Self::as_of(0)).unwrap() {
            self.keep(&name, &batch.schema(), vec![batch]);
        }
    }

    /// Scores as they come, for `account_health` alone.
    pub(super) async fn scores(&self, scores: &[f64], capped: &[bool]) {
        let rows: Vec<String> = scores
            .iter()
            .zip(capped)
            .enumerate()
            .map(|(index, (score, is_capped))| {
                let cap = if *is_capped { "'debt'" } else { "null" };
                format!("('a{index}', cast({score:.6} as decimal(12,6)), {cap})")
            })
            .collect();
        self.table("int_health_score", &format!(
            "select account_id, 'default' as profile, cast(1 as double) as coverage, score as score_uncapped, cast(cap as text) as cap, \
             score as score_computed, cast(null as decimal(12,6)) as override_points, score from (values {}) as v (account_id, score, cap)", rows.join(", "))).await;
        self.table(
            "int_health_cap",
            "select 'a' as account_id, 'debt' as cap, 'why' as reason, 'why' as reason_en, 'なぜ' as reason_ja where false",
        )
        .await;
        self.table("int_health_override", "select 'a' as account_id, cast(null as decimal(12,6)) as score, 'red' as tier, 'x' as author, 'y' as reason, cast(null as date) as holds_until where false").await;
        self.table("stg_account", "select account_id, 's' as segment, account_id as account_name, 'o' as owner_id from int_health_score").await;
        let (schema, batches) = self.select("select cfg_cutoff_day.day as as_of, account_id, cast(10 as decimal(38,4)) as mrr, cast(120 as decimal(38,4)) as arr, 'JPY' as currency from (select date '2026-01-31' + value as day from unnest(range(0, 400)) as v (value)) as cfg_cutoff_day cross join stg_account").await;
        self.keep("int_account_commercial", &schema, batches);
    }
}
