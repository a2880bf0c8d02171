//! The health score against an independent computation: random profiles, states and rules
//! through the engine, night after night, and the tier over a long random series.
//!
//! The models are the shipped ones; what they read is made here. The other way to compute
//! a score is in `health/brute.rs` and shares no line with them.

mod brute;
mod world;

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Decimal128Type, Float64Type};
use brute::{Account, tier_of};
use world::{Dice, Lab, Profile};

/// The models from measures to the mart of causes, in their order.
const MODELS: [&str; 15] = [
    "int_health_profile",
    "int_health_observed",
    "int_health_input",
    "int_health_part",
    "int_health_total",
    "int_health_cap",
    "int_health_override",
    "int_health_score",
    "health_measure",
    "account_health",
    "int_health_step",
    "health_change",
    "int_health_dimension",
    "int_health_moved",
    "health_sensitivity",
];

/// Text columns by name, everything else as a number; null is absent.
type Row = (BTreeMap<String, String>, BTreeMap<String, f64>);

async fn rows(lab: &Lab, table: &str) -> Vec<Row> {
    let mut found = Vec::new();
    for batch in lab.select(&format!("select * from {table}")).await.1 {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let (mut texts, mut numbers) = (BTreeMap::new(), BTreeMap::new());
            for (field, column) in schema.fields().iter().zip(batch.columns()) {
                if column.is_null(row) {
                    continue;
                }
                let name = field.name().clone();
                if let Some(column) = column.as_string_opt::<i32>() {
                    texts.insert(name, column.value(row).to_owned());
                } else if let Some(column) = column.as_string_view_opt() {
                    texts.insert(name, column.value(row).to_owned());
                } else if let Some(column) = column.as_primitive_opt::<Float64Type>() {
                    numbers.insert(name, column.value(row));
                } else if let Some(column) = column.as_primitive_opt::<Date32Type>() {
                    numbers.insert(name, f64::from(column.value(row)));
                } else if let Some(values) = column.as_primitive_opt::<Decimal128Type>() {
                    let text = values.value_as_string(row);
                    numbers.insert(name, text.parse().unwrap());
                }
            }
            found.push((texts, numbers));
        }
    }
    found
}

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() < 0.000_01
}

/// Millionths, in which scores are exact.
#[expect(clippy::cast_possible_truncation, reason = "scores are up to 1000")]
fn millionths(value: f64) -> i64 {
    (value * 1e6).round() as i64
}

/// What a night published, and what it found published.
struct Night {
    health: Vec<Row>,
    measures: Vec<Row>,
    changes: Vec<Row>,
    sensitivity: Vec<Row>,
    prior: Vec<Row>,
}

/// How often the dice met each rule.
#[derive(Debug, Default)]
struct Met {
    capped: usize,
    moved: usize,
    changed: usize,
    hidden: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_combiner_agrees_with_a_computation_of_its_own() {
    let mut dice = Dice(20_260_131);
    let mut met = Met::default();
    for _ in 0..4 {
        let lab = Lab::new();
        lab.without_past().await;
        let mut before: BTreeMap<String, (f64, Account)> = BTreeMap::new();
        for night in 0..3 {
            let profiles = Profile::some(&mut dice);
            let accounts = Account::some(&mut dice, 40);
            lab.night(&profiles, &accounts, night).await;
            for model in MODELS {
                lab.run(model, night).await;
            }
            let published = Night {
                health: rows(&lab, "account_health").await,
                measures: rows(&lab, "health_measure").await,
                changes: rows(&lab, "health_change").await,
                sensitivity: rows(&lab, "health_sensitivity").await,
                prior: rows(&lab, "prior_account_health").await,
            };
            assert_eq!(published.health.len(), accounts.len());
            let mut now = BTreeMap::new();
            for account in &accounts {
                let profile = account.profile(&profiles);
                let then = before.get(&account.id);
                agrees(account, profile, then, &published, &mut met);
                let score = account.score(profile);
                if score.is_known {
                    now.insert(account.id.clone(), (score.uncapped, account.clone()));
                }
            }
            before = now;
            lab.becomes_past(night).await;
        }
    }
    assert!(
        met.capped > 5 && met.moved > 10 && met.changed > 100 && met.hidden > 5,
        "{met:?}"
    );
}

/// One account against a computation of its own.
fn agrees(
    account: &Account,
    profile: &Profile,
    then: Option<&(f64, Account)>,
    night: &Night,
    met: &mut Met,
) {
    let id = &account.id;
    let of = |rows: &[Row]| rows.iter().position(|row| row.0["account_id"] == *id);
    let (texts, numbers) = &night.health[of(&night.health).unwrap()];
    assert_eq!(texts["profile"], profile.name, "{id}");
    let expected = account.score(profile);
    let told = numbers.get("score_uncapped");
    assert_eq!(told.is_some(), expected.is_known, "{profile:?} {account:?}");
    met.hidden += usize::from(!expected.is_known);
    if let Some(told) = told {
        assert!(
            near(*told, expected.uncapped),
            "{told} {expected:?} {profile:?} {account:?}"
        );
        let computed = numbers["score_computed"];
        assert!(near(computed, expected.capped), "{computed} {expected:?}");
        met.capped += usize::from(texts.contains_key("cap"));
    }
    let score = numbers.get("score").copied();
    assert_eq!(score.is_some(), expected.score.is_some(), "{id}");
    assert!(
        near(score.unwrap_or(0.0), expected.score.unwrap_or(0.0)),
        "{id}"
    );
    sums_to_score(id, score, &night.measures);
    let previous = of(&night.prior).map(|row| &night.prior[row]);
    met.moved += agrees_on_sensitivity(account, profile, previous, &night.sensitivity);
    let scores = (score, numbers.get("score_previous").copied());
    met.changed += explains_change(account, profile, scores, then, &night.changes);
}

fn sums_to_score(id: &str, score: Option<f64>, measures: &[Row]) {
    let Some(score) = score else { return };
    let total: i64 = measures
        .iter()
        .filter(|row| row.0["account_id"] == id)
        .map(|row| millionths(row.1.get("contribution").copied().unwrap_or(0.0)))
        .sum();
    assert_eq!(total, millionths(score), "{id}");
}

/// The causes sum to the change to the last digit, and each of the three first ones to what
/// the account would have had with only that much of it new.
fn explains_change(
    account: &Account,
    profile: &Profile,
    (score, score_before): (Option<f64>, Option<f64>),
    before: Option<&(f64, Account)>,
    changes: &[Row],
) -> usize {
    let of: Vec<&Row> = changes
        .iter()
        .filter(|row| row.0["account_id"] == account.id)
        .collect();
    let (Some(score), Some(score_before)) = (score, score_before) else {
        assert!(of.is_empty(), "{}", account.id);
        return 0;
    };
    let total: i64 = of.iter().map(|row| millionths(row.1["points"])).sum();
    assert_eq!(
        total,
        millionths(score) - millionths(score_before),
        "{}",
        account.id
    );
    let Some((uncapped_before, then)) = before else {
        return 1;
    };
    let by = |cause: &str| -> f64 {
        of.iter()
            .filter(|row| row.0["cause"] == cause)
            .map(|row| row.1["points"])
            .sum()
    };
    let with_profile = account.on_profile(then, profile);
    let with_presence = account.on_presence(then, profile);
    let now = account.score(profile).uncapped;
    let places = [
        ("profile", with_profile - uncapped_before),
        ("coverage", with_presence - with_profile),
        ("input", now - with_presence),
    ];
    for (cause, expected) in places {
        assert!(
            near(by(cause), expected),
            "{} {cause}: {} {expected}",
            account.id,
            by(cause)
        );
    }
    1
}

/// The rows of the account are exactly the weights whose move changes the tier.
fn agrees_on_sensitivity(
    account: &Account,
    profile: &Profile,
    previous: Option<&Row>,
    sensitivity: &[Row],
) -> usize {
    let expected = account.score(profile);
    if !expected.is_known {
        assert!(
            !sensitivity
                .iter()
                .any(|row| row.0["account_id"] == account.id)
        );
        return 0;
    }
    let kept = previous
        .filter(|row| row.0["profile"] == profile.name)
        .map(|row| row.0["tier_computed"].as_str());
    let tier = tier_of(profile, expected.capped, kept, expected.is_capped);
    let mut told = 0;
    for (weight_of, name, direction, other) in profile.with_moved_weights() {
        let there = account.score(&other);
        let is_known = account.is_known(profile, weight_of, &name);
        let tier_there = tier_of(profile, there.capped, kept, there.is_capped);
        let row = sensitivity.iter().find(|row| {
            row.0["account_id"] == account.id
                && row.0["weight_of"] == weight_of
                && row.0["name"] == name
                && row.0["direction"] == direction
        });
        let changes = is_known && tier_there != tier;
        assert_eq!(
            row.is_some(),
            changes,
            "{} {weight_of} {name} {direction}: {tier} {tier_there} {there:?} {profile:?}",
            account.id
        );
        if let Some((texts, numbers)) = row {
            assert_eq!(texts["tier_moved"], tier_there);
            assert!(near(numbers["score_moved"], there.capped));
            told += 1;
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tier_keeps_to_its_margin_over_a_long_series() {
    let mut dice = Dice(7);
    let lab = Lab::new();
    lab.without_past().await;
    lab.configure_as_shipped();
    let profile = Profile::plain();
    let mut scores: Vec<f64> = (0..30).map(|_| dice.number(30.0, 90.0)).collect();
    let mut tiers: Vec<(Option<&str>, i32)> = vec![(None, 0); scores.len()];
    let mut changes = 0;
    for night in 0..120 {
        for score in &mut scores {
            *score = (*score + dice.number(-4.0, 4.0)).clamp(0.0, 100.0);
            *score = (*score * 1e6).round() / 1e6;
        }
        let capped: Vec<bool> = scores
            .iter()
            .map(|_| dice.number(0.0, 1.0) < 0.05)
            .collect();
        lab.scores(&scores, &capped).await;
        lab.run("account_health", night).await;
        for (texts, numbers) in rows(&lab, "account_health").await {
            let index: usize = texts["account_id"][1..].parse().unwrap();
            let (kept, since) = tiers[index];
            let tier = tier_of(&profile, scores[index], kept, capped[index]);
            let day = lab.day(night);
            let since = if kept == Some(tier) { since } else { day };
            changes += usize::from(kept.is_some() && kept != Some(tier));
            assert_eq!(
                texts["tier"], tier,
                "night {night}, score {}",
                scores[index]
            );
            assert!(
                near(numbers["tier_since"], f64::from(since)),
                "night {night}"
            );
            tiers[index] = (Some(tier), since);
        }
        lab.becomes_past(night).await;
    }
    assert!(changes > 50, "{changes}");
}
