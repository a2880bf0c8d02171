//! That the aggregate gives one result whatever the order of rows, the batches
//! and the merging.

use std::ops::Range;

use datafusion::arrow::array::{StringArray, StringViewArray};
use proptest::prelude::*;

use super::super::settled::UNASKED_BYTES;
use super::*;
use crate::time::{Zone, parse_date};

fn no_groups() -> Groups {
    groups_in(None)
}

fn groups_in(sequence: Option<Sequence>) -> Groups {
    let zone = Zone::parse("UTC").unwrap();
    let day = parse_date("2026-01-01").unwrap();
    let calendar = Calendar::new(&zone, &zone.days(day, day).unwrap());
    Groups::new(&Arc::new(calendar), sequence)
}

/// One row: group, instant, id, mask, and whether the filter keeps it.
type Row = (usize, Option<i64>, u8, i64, bool);

const GROUPS: usize = 4;

/// Modes differ by group, windows too.
fn terms_of(group: usize) -> (&'static str, i64) {
    [
        ("ordered; steps 4", 6),
        ("strict_order; steps 3", 8),
        ("strict_deduplication", 20),
        (
            "strict_once+strict_increase; people 2 2; steps 3; exclude 4 1 3",
            9,
        ),
    ][group]
}

fn columns(rows: &[Row]) -> Vec<ArrayRef> {
    let modes: StringArray = rows.iter().map(|row| Some(terms_of(row.0).0)).collect();
    let windows: Int64Array = rows.iter().map(|row| Some(terms_of(row.0).1)).collect();
    let times: TimestampMicrosecondArray = rows.iter().map(|row| row.1).collect();
    let ids: StringViewArray = rows
        .iter()
        .map(|row| Some(format!("event {}", row.2)))
        .collect();
    let masks: Int64Array = rows.iter().map(|row| Some(row.3)).collect();
    // Two persons, and touches of nobody.
    let people: StringArray = rows
        .iter()
        .map(|row| (row.2 % 3 > 0).then(|| format!("person {}", row.2 % 3)))
        .collect();
    let roles: Int64Array = rows.iter().map(|row| Some(i64::from(row.2 % 4))).collect();
    vec![
        Arc::new(modes),
        Arc::new(windows),
        Arc::new(times.with_timezone("UTC")),
        Arc::new(ids),
        Arc::new(masks),
        Arc::new(people),
        Arc::new(roles),
    ]
}

fn update(groups: &mut Groups, rows: &[Row]) {
    let indices: Vec<usize> = rows.iter().map(|row| row.0).collect();
    let filter: BooleanArray = rows.iter().map(|row| Some(row.4)).collect();
    groups
        .update_batch(&columns(rows), &indices, Some(&filter), GROUPS)
        .unwrap();
}

fn at_once(rows: &[Row]) -> ArrayRef {
    let mut groups = no_groups();
    update(&mut groups, rows);
    groups.evaluate(EmitTo::All).unwrap()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let time = prop::option::weighted(0.95, 0_i64..12);
    prop::collection::vec(
        (
            0..GROUPS,
            time,
            0_u8..6,
            0_i64..16,
            prop::bool::weighted(0.9),
        ),
        0..60,
    )
}

fn parts(length: usize, cuts: &[prop::sample::Index]) -> Vec<Range<usize>> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(length + 1)).collect();
    at.extend([0, length]);
    at.sort_unstable();
    at.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn neither_row_order_nor_batches_matter(
        (rows, shuffled) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let mut groups = no_groups();
        for part in parts(shuffled.len(), &cuts) {
            update(&mut groups, &shuffled[part]);
        }
        groups.terms.resize(GROUPS, None);
        prop_assert!(groups.size() >= groups.log.bytes());
        let found = groups.evaluate(EmitTo::All).unwrap();
        prop_assert_eq!(&found, &at_once(&rows));
        // Emitting a few groups at a time gives the same rows.
        let mut groups = no_groups();
        update(&mut groups, &shuffled);
        let first = groups.evaluate(EmitTo::First(3)).unwrap();
        prop_assert_eq!(&first, &found.slice(0, 3));
        prop_assert_eq!(&groups.evaluate(EmitTo::All).unwrap(), &found.slice(3, 1));
    }

    #[test]
    fn rows_in_order_give_the_same_with_less_memory(
        rows in rows(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        unasked in 0_usize..200,
        are_emitted in any::<bool>(),
    ) {
        let mut sorted = rows.clone();
        // Ties may come in any order.
        sorted.sort_by_key(|row| (row.0, row.1));
        let mut groups = groups_in(Some(Sequence::new(unasked)));
        let mut found = Vec::new();
        let mut gone = 0;
        for part in parts(sorted.len(), &cuts) {
            let part: Vec<Row> = sorted[part].to_vec();
            let Some(last) = part.last().map(|row| row.0) else { continue };
            let indices: Vec<usize> = part.iter().map(|row| row.0 - gone).collect();
            let filter: BooleanArray = part.iter().map(|row| Some(row.4)).collect();
            groups
                .update_batch(&columns(&part), &indices, Some(&filter), last + 1 - gone)
                .unwrap();
            // All but the newest group are complete.
            if are_emitted && last > gone {
                found.push(groups.evaluate(EmitTo::First(last - gone)).unwrap());
                gone = last;
            }
        }
        groups.terms.resize(GROUPS - gone, None);
        found.push(groups.evaluate(EmitTo::All).unwrap());
        let found: Vec<&dyn Array> = found.iter().map(AsRef::as_ref).collect();
        let found = arrow::compute::concat(&found).unwrap();
        prop_assert_eq!(&found, &at_once(&rows));
    }

    #[test]
    fn states_merge_in_any_order(
        rows in rows(),
        (cuts, order) in (0_usize..5).prop_flat_map(|count| (
            prop::collection::vec(any::<prop::sample::Index>(), count),
            Just((0..=count).collect::<Vec<usize>>()).prop_shuffle(),
        )),
    ) {
        let states: Vec<Vec<ArrayRef>> = parts(rows.len(), &cuts)
            .into_iter()
            .enumerate()
            .map(|(number, part)| {
                let part = &rows[part];
                if number == 0 {
                    // The state of rows that were never aggregated.
                    let filter: BooleanArray = part.iter().map(|row| Some(row.4)).collect();
                    return no_groups().convert_to_state(&columns(part), Some(&filter)).unwrap();
                }
                let mut groups = no_groups();
                update(&mut groups, part);
                groups.state(EmitTo::All).unwrap()
            })
            .collect();
        let mut merged = no_groups();
        let unaggregated: Vec<usize> =
            rows[parts(rows.len(), &cuts)[0].clone()].iter().map(|row| row.0).collect();
        for number in order {
            let state = &states[number];
            let indices: Vec<usize> =
                if number == 0 { unaggregated.clone() } else { (0..GROUPS).collect() };
            // A slice: lists of a state need not start at their first value.
            let (left, right) = indices.split_at(indices.len() / 2);
            for (offset, indices) in [(0, left), (left.len(), right)] {
                let slice: Vec<ArrayRef> =
                    state.iter().map(|column| column.slice(offset, indices.len())).collect();
                merged.merge_batch(&slice, indices, GROUPS).unwrap();
            }
        }
        prop_assert_eq!(&merged.evaluate(EmitTo::All).unwrap(), &at_once(&rows));
    }
}

/// A million touches of one group, of which a window holds ten: they come in and
/// go again.
#[test]
fn of_a_long_history_only_the_open_windows_are_held() {
    let batch = |first: i64| -> Vec<ArrayRef> {
        let instants = || first..first + 1_000;
        let texts = |text: &str| StringArray::from(vec![text; 1_000]);
        let ids: StringArray = instants().map(|at| Some(format!("event {at}"))).collect();
        let times = TimestampMicrosecondArray::from_iter_values(instants());
        vec![
            Arc::new(texts("ordered; steps 3; window 10 us")),
            Arc::new(Int64Array::from(vec![0; 1_000])),
            Arc::new(times.with_timezone("UTC")),
            Arc::new(ids),
            Arc::new(Int64Array::from_iter_values(
                instants().map(|at| 1 + at % 2),
            )),
        ]
    };
    let mut groups = groups_in(Some(Sequence::new(UNASKED_BYTES)));
    let mut most = 0;
    for first in (0..1_000_000).step_by(1_000) {
        groups
            .update_batch(&batch(first), &[0; 1_000], None, 1)
            .unwrap();
        most = most.max(groups.size());
    }
    assert!(most < 4 * UNASKED_BYTES, "{most} bytes");
    let whole = groups.evaluate(EmitTo::All).unwrap();
    let mut few = no_groups();
    few.update_batch(&batch(0), &[0; 1_000], None, 1).unwrap();
    assert_eq!(&whole, &few.evaluate(EmitTo::All).unwrap());
    // A promise that is not kept is no result.
    groups
        .update_batch(&batch(5_000), &[0; 1_000], None, 1)
        .unwrap();
    assert!(
        groups
            .update_batch(&batch(0), &[0; 1_000], None, 1)
            .is_err()
    );
}

#[test]
fn wrong_arguments_are_refused() {
    let refused = |mode: Option<&str>, window: Option<i64>, mask: i64| {
        let mut groups = no_groups();
        let values: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![mode])),
            Arc::new(Int64Array::from(vec![window])),
            Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC")),
            Arc::new(StringArray::from(vec!["a"])),
            Arc::new(Int64Array::from(vec![mask])),
        ];
        groups
            .update_batch(&values, &[0], None, 1)
            .map_err(|error| error.to_string())
    };
    assert!(refused(Some("ordered"), Some(0), 1 << 61).is_ok());
    let cases = [
        (None, Some(0), 1, "needs a mode"),
        (Some("ordered"), None, 1, "needs a mode and a window"),
        (Some("ordered"), Some(-1), 1, "window of -1"),
        (Some("any"), Some(0), 1, "no mode `any`"),
        (Some("ordered"), Some(0), 1 << 62, "step mask"),
        (Some("ordered"), Some(0), i64::MIN, "step mask"),
    ];
    for (mode, window, mask, expected) in cases {
        let shown = refused(mode, window, mask).unwrap_err();
        assert!(shown.contains(expected), "{expected} not in {shown}");
    }
}
