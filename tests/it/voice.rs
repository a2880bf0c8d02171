//! What the customer's voice says on a simulated company, held against its truth:
//! sites that beautify their figures are found and no others, an experiment shows an
//! effect where there is one and none where there is none, and accounts whose people
//! stay silent are more likely to leave.

use std::collections::BTreeMap;

use kenko::report::Rows;

use crate::support::company::Company;

const PIPELINE: &str = "\
name: voice
timezone: Asia/Tokyo
currency: JPY
output: ../out
marts: [account_voice, experiment_readout, fulfilment_gap]
sources:
  account: {path: ../testdata/account.parquet}
  contact: {path: ../testdata/contact.parquet}
  owner: {path: ../testdata/owner.parquet}
  subscription: {path: ../testdata/subscription.parquet}
  survey_invitation: {path: ../testdata/survey_invitation.parquet}
  survey_response: {path: ../testdata/survey_response.parquet}
  delivery: {path: ../testdata/delivery.parquet}
  exposure: {path: ../testdata/exposure.parquet}
experiments:
  - experiment: guided_start
    control: control
    arms: {control: 1, treatment: 1}
    window_days: 28
    outcomes: [outcome, is_paying]
    relevant_effect: 0.1
    mismatch_p: 0.001
  - experiment: new_banner
    control: control
    arms: {control: 1, treatment: 1}
    window_days: 28
    outcomes: [outcome, is_paying]
    relevant_effect: 0.1
    mismatch_p: 0.001
";

fn truth(company: &Company, name: &str) -> Rows {
    let file = company.path(&format!("testdata/truth/{name}.parquet"));
    Rows::from_parquet(name, std::fs::read(file).unwrap().into()).unwrap()
}

fn sites_that_beautify_are_found(company: &Company) {
    let flags: BTreeMap<String, String> = {
        let gaps = company.table("out", "fulfilment_gap");
        let sites = gaps.only("dimension", &["site"]);
        let text = |row, column| sites.text(row, column).unwrap().to_owned();
        (0..sites.len())
            .map(|row| (text(row, "dimension_value"), text(row, "flag")))
            .collect()
    };
    let sites = truth(company, "site");
    assert_eq!(flags.len(), sites.len());
    for row in 0..sites.len() {
        let site = sites.text(row, "site").unwrap();
        let expected = match sites.shown(row, "beautifies").as_str() {
            "true" => "beautified",
            _ => "none",
        };
        assert_eq!(flags[site], expected, "{site}: {flags:?}");
    }
}

fn effects_are_seen_where_there_are_any(company: &Company) {
    let readout = company.table("out", "experiment_readout");
    let effects = truth(company, "experiment");
    for row in 0..effects.len() {
        let experiment = effects.text(row, "experiment").unwrap();
        let effect = effects.float(row, "true_effect").unwrap();
        let found = readout.only("experiment", &[experiment]);
        let measured = found.only("outcome", &["outcome"]);
        assert_eq!(measured.len(), 1);
        let number = |column| measured.float(0, column).unwrap();
        let (low, high) = (number("effect_low"), number("effect_high"));
        assert!(low < effect && effect < high, "{experiment}: {low} {high}");
        let state = if effect > 0.0 { "effect" } else { "no_effect" };
        assert_eq!(measured.text(0, "state"), Some(state), "{experiment}");
        assert_eq!(measured.text(0, "method"), Some("cuped"));
        // the level of an account has twice the spread of its noise
        let removed = number("variance_removed");
        assert!((0.4..0.95).contains(&removed), "{experiment}: {removed}");
        let other = found.only("outcome", &["is_paying"]);
        assert_ne!(other.text(0, "state"), Some("effect"), "{experiment}");
    }
}

fn silent_accounts_are_more_likely_to_leave(company: &Company) {
    let days = truth(company, "account_day");
    let last = (0..days.len()).filter_map(|row| days.day(row, "day")).max();
    let mut risk = BTreeMap::new();
    for row in (0..days.len()).filter(|row| days.day(*row, "day") == last) {
        let account = days.text(row, "account_id").unwrap().to_owned();
        risk.insert(account, days.float(row, "churn_probability_90d").unwrap());
    }
    let voice = company.table("out", "account_voice").only("role", &["all"]);
    let mean = |states: &[&str]| {
        let accounts = voice.only("state", states);
        let risks: Vec<f64> = (0..accounts.len())
            .filter_map(|row| risk.get(accounts.text(row, "account_id")?).copied())
            .collect();
        assert!(risks.len() > 50, "{states:?}: {}", risks.len());
        risks.iter().sum::<f64>() / f64::from(u32::try_from(risks.len()).unwrap())
    };
    let (silent, heard) = (mean(&["silent"]), mean(&["value", "insufficient"]));
    assert!(silent > 1.3 * heard, "{silent} {heard}");
}

#[test]
fn the_voice_finds_what_the_simulation_hid() {
    let company = Company::nobody();
    let sample = "sample --accounts 4000 --days 400 --events 40000 --seed 3 --to testdata";
    let sample: Vec<&str> = sample.split(' ').collect();
    company.kenko(&sample).succeeded();
    company.write("pipelines/nightly.yaml", PIPELINE);
    company.run("2026-06-30", "out", &[]).succeeded();
    sites_that_beautify_are_found(&company);
    effects_are_seen_where_there_are_any(&company);
    silent_accounts_are_more_likely_to_leave(&company);
}
