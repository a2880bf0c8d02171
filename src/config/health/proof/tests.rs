//! Mistakes in the section `health:`, each with the place where it is shown.

use super::super::super::{Pipeline, SHIPPED_PIPELINE};
use super::ascending;

/// What a pipeline says that differs from the shipped one in its `nth` use of `from`.
fn refused(nth: usize, from: &str, to: &str) -> (String, u64, u64) {
    let (start, _) = SHIPPED_PIPELINE.match_indices(from).nth(nth).unwrap();
    let text = format!(
        "{}{to}{}",
        &SHIPPED_PIPELINE[..start],
        &SHIPPED_PIPELINE[start + from.len()..]
    );
    let error = Pipeline::parse("own.yaml", &text).unwrap_err();
    let place = error.location().unwrap();
    assert_eq!(place.file, "own.yaml");
    let changed = u64::try_from(SHIPPED_PIPELINE[..start].matches('\n').count()).unwrap() + 1;
    (
        error.to_string(),
        place.line.unwrap().abs_diff(changed),
        place.column.unwrap(),
    )
}

#[test]
fn tiers_leave_no_gap_and_no_overlap() {
    let tiers = |list: &[(&str, f64)]| ascending("profile", list.iter().copied(), 100.0);
    assert!(tiers(&[("red", 0.0), ("amber", 45.0), ("green", 70.0)]).is_ok());
    assert!(tiers(&[("red", 10.0), ("green", 70.0)]).is_err());
    assert!(tiers(&[("red", 0.0), ("amber", 70.0), ("green", 45.0)]).is_err());
    assert!(tiers(&[("red", 0.0), ("green", 100.0)]).is_err());
    assert!(tiers(&[]).is_err());
    let (error, lines, column) = refused(0, "{tier: amber, from: 45}", "{tier: amber, from: 75}");
    assert!(error.contains("tier `green` cannot begin at 70"), "{error}");
    assert_eq!((lines, column), (1, 11));
    let (error, lines, _) = refused(1, "{tier: red, from: 0}", "{tier: red, from: 5}");
    assert!(error.contains("tier `red` cannot begin at 5"), "{error}");
    assert_eq!(lines, 0);
    let (error, lines, _) = refused(0, "tier: amber", "tier: yellow");
    assert!(error.contains("`yellow` is no tier"), "{error}");
    assert_eq!(lines, 0);
}

#[test]
fn weights_are_sane() {
    let (error, lines, column) = refused(0, "weight: 0.6\n", "weight: -0.6\n");
    assert!(error.contains("a weight of -0.6 counts nothing"), "{error}");
    assert_eq!((lines, column), (0, 19));
    let (error, _, _) = refused(0, "weight: 0.6\n", "weight: 0.5\n");
    assert!(
        error.contains("the weights of these dimensions sum to 0.9000"),
        "{error}"
    );
    let (error, lines, _) = refused(
        0,
        "              weight: 0.4\n",
        "              weight: 0.40001\n",
    );
    assert!(error.contains("0.40001"), "{error}");
    assert_eq!(lines, 0);
    let (error, _, _) = refused(
        0,
        "              weight: 0.4\n",
        "              weight: 0.5\n",
    );
    assert!(
        error.contains("the weights of these measures sum to 1.1000"),
        "{error}"
    );
}

#[test]
fn measures_and_signals_are_known() {
    let (error, lines, _) = refused(0, "name: adoption", "name: adaption");
    assert!(error.contains("no measure `adaption`"), "{error}");
    assert_eq!(lines, 0);
    let (error, lines, _) = refused(0, "signal: overdue_days", "signal: overdue");
    assert!(error.contains("no signal `overdue` here"), "{error}");
    assert_eq!(lines, 0);
    let (error, _, _) = refused(
        0,
        "signal: overdue_days, from: 60",
        "signal: score, from: 60",
    );
    assert!(error.contains("no signal `score` here"), "{error}");
    let (error, _, _) = refused(
        0,
        "override_days: 90",
        "override_days: 90\n  own_measures: [luck]\n  own_signal: [x]",
    );
    assert!(error.contains("not valid"), "{error}");
    let (error, _, _) = refused(
        0,
        "{signal: overdue_days, from: 60}",
        "{signal: overdue_days}",
    );
    assert!(error.contains("is empty or has no end"), "{error}");
}

#[test]
fn a_measure_of_ones_own_is_declared() {
    let text = SHIPPED_PIPELINE
        .replacen(
            "override_days: 90",
            "override_days: 90\n  own_measures: [luck]",
            1,
        )
        .replacen("name: adoption", "name: luck", 1);
    assert!(Pipeline::parse("own.yaml", &text).is_ok());
}

#[test]
fn caps_stand_in_their_order() {
    let (error, lines, column) = refused(0, "at_most: 40", "at_most: 10");
    assert!(error.contains("stricter than the one before"), "{error}");
    assert_eq!((lines, column), (0, 20));
    let (error, _, _) = refused(0, "at_most: 40", "at_most: 101");
    assert!(error.contains("must lie within 0 and 100"), "{error}");
}

#[test]
fn one_profile_for_every_account() {
    let (error, lines, column) = refused(0, "priority: 2", "priority: 1");
    assert!(error.contains("have the same priority"), "{error}");
    assert_eq!((lines, column), (0, 17));
    let (error, _, _) = refused(0, "priority: 1\n", "priority: 3\n");
    assert!(
        error.contains("`onboarding` has the last priority and a condition"),
        "{error}"
    );
    let (error, lines, _) = refused(0, "in: [contract, onboarding]", "in: [contract, party]");
    assert!(error.contains("no stage `party`"), "{error}");
    assert_eq!(lines, 0);
    let (error, _, _) = refused(0, "{journey: relationship", "{attribute: colour");
    assert!(error.contains("`colour` is no attribute"), "{error}");
    let narrower = "priority: 1\n      when:\n        - {journey: relationship, in: \
                    [contract, onboarding]}\n";
    let (error, _, _) = refused(0, narrower, "priority: 1\n");
    assert!(
        error.contains("`default` never applies: `onboarding` comes first"),
        "{error}"
    );
}

#[test]
fn combiners_have_what_they_need() {
    let (error, _, _) = refused(
        0,
        "combiner: weighted_mean\n",
        "combiner: points_from_neutral\n",
    );
    assert!(error.contains("needs `reach`"), "{error}");
    let (error, _, _) = refused(
        0,
        "combiner: weighted_mean\n",
        "combiner: worst_of\n      reach: 50\n",
    );
    assert!(error.contains("points_from_neutral only"), "{error}");
    let (error, _, _) = refused(
        0,
        "          weight: 0.6\n",
        "          weight: 0.6\n          combiner: points_from_neutral\n",
    );
    assert!(error.contains("only a profile can"), "{error}");
    let (error, _, _) = refused(0, "[0, 0], [2, 35]", "[2, 0], [2, 35]");
    assert!(error.contains("raw values of a curve must grow"), "{error}");
}

#[test]
fn a_reference_is_whole() {
    let (error, _, _) = refused(0, "segment: all,", "segment: smb,");
    assert!(
        error.contains("no segment `all` for measure `engagement`"),
        "{error}"
    );
}

#[test]
fn the_experience_has_a_measure_for_each_factor() {
    let with = |name: &str| {
        SHIPPED_PIPELINE.replacen("- name: breadth\n", &format!("- name: {name}\n"), 1)
    };
    for name in ["fulfilment", "experience_ease"] {
        Pipeline::parse("own.yaml", &with(name)).unwrap();
    }
    let (error, _, _) = refused(0, "- name: breadth\n", "- name: experience_luck\n");
    assert!(
        error.contains("there is no measure `experience_luck`"),
        "{error}"
    );
}
