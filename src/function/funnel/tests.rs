//! The levels of `ClickHouse`'s test, and every mode and term against brute
//! force.

mod brute;
mod stream;

use proptest::prelude::*;

use super::*;
use crate::time::{Zone, parse_date};

fn calendar() -> Calendar {
    let zone = Zone::parse("UTC").unwrap();
    let day = parse_date("2026-01-01").unwrap();
    Calendar::new(&zone, &zone.days(day, day).unwrap())
}

/// (instant, mask) in the total order, by nobody.
fn by_nobody(touches: &[(i64, u64)]) -> Vec<Touch> {
    let touches = touches.iter();
    touches
        .map(|(occurred_at, mask)| Touch {
            occurred_at: *occurred_at,
            mask: *mask,
            ..Touch::default()
        })
        .collect()
}

fn evaluated(touches: &[(i64, u64)], terms: &str, window: i64) -> Outcome {
    let terms = Terms::parse(terms, window).unwrap();
    let mut touches = by_nobody(touches);
    evaluate(
        &mut touches,
        0,
        &terms,
        &calendar(),
        &mut Scratch::default(),
    )
}

/// Positions of the touches that took the steps.
fn positions(outcome: &Outcome) -> Vec<usize> {
    let reached = outcome.reached.iter();
    reached.map(|reached| reached.unwrap().touch).collect()
}

/// Reads touches as "a0 b10": what happened, and when. A step is the set of
/// letters that satisfy it.
fn touches(text: &str, steps: &[&str]) -> Vec<(i64, u64)> {
    let mask = |letter: char| {
        (0_u32..)
            .zip(steps)
            .filter(|(_, step)| step.contains(letter))
            .fold(0, |mask, (bit, _)| mask | 1_u64 << bit)
    };
    text.split(' ')
        .map(|touch| {
            let letter = touch.chars().next().unwrap();
            (touch[letter.len_utf8()..].parse().unwrap(), mask(letter))
        })
        .collect()
}

/// A funnel, and how far units with such touches come through it.
struct Case {
    modes: &'static str,
    window: i64,
    steps: &'static [&'static str],
    units: &'static [(&'static str, usize)],
}

const fn case(
    modes: &'static str,
    window: i64,
    steps: &'static [&'static str],
    units: &'static [(&'static str, usize)],
) -> Case {
    Case {
        modes,
        window,
        steps,
        units,
    }
}

const NINE: &str = "a0 b1 c2 d3 e4 f5 g6 h7 i8";
const SECONDS: &str = "b1514768461 c1514768462 d1514768463 e1514768464 f1514768465 g1514768466 \
                       h1514768467 i1514768468";
const LARGE: &str = "b100000000000001 c100000000000002 d100000000000003 e100000000000004 \
                     f100000000000005 g100000000000006 h100000000000007 i100000000000008";
const REPEATED: &str = "a0 b10 c20 d30 e40 f50 f51 g60 h70 i80";
const SAME_MOMENT: &str = "a0 b1 c1 d1 e2";
const FIVE: &[&str] = &["d", "e", "f", "g", "h"];
const OVERLAPPING: &[&str] = &["bcdefgh", "cdefghi", "bcdefg", "efghi"];
const ABC: &[&str] = &["a", "b", "c"];
const FAILED_TWICE: &[&str] = &["f", "f", "s"];
const RETRIES: &[(&str, usize)] = &[
    ("f180 f220 s250", 3),
    ("f100 f250", 2),
    ("s200 f210 s230", 1),
];

/// Levels expected by `ClickHouse`'s stateless test
/// `00632_aggregation_window_funnel`, which 25.8 and 26.9 agree on.
const CASES: [Case; 32] = [
    case("ordered", 10000, &["a"], &[(NINE, 1)]),
    case("ordered", 10000, &["a", "b"], &[(NINE, 2)]),
    case("ordered", 10000, ABC, &[(NINE, 3)]),
    case("ordered", 10000, &["a", "b", "c", "i"], &[(NINE, 4)]),
    case("ordered", 1, &["a"], &[(NINE, 1)]),
    case("ordered", 2, FIVE, &[(NINE, 3)]),
    case("ordered", 3, FIVE, &[(NINE, 4)]),
    case("ordered", 4, FIVE, &[(NINE, 5)]),
    case("ordered", 4, FIVE, &[(SECONDS, 5)]),
    case("ordered", 10000, &["b", "i"], &[(SECONDS, 2)]),
    case("ordered", 10000, &["i", "b"], &[(SECONDS, 1)]),
    case("ordered", 4, OVERLAPPING, &[(SECONDS, 4)]),
    case("ordered", 4, FIVE, &[(LARGE, 5)]),
    case("ordered", 10000, &["b", "i"], &[(LARGE, 2)]),
    case("ordered", 10000, &["i", "b"], &[(LARGE, 1)]),
    case("ordered", 4, OVERLAPPING, &[(LARGE, 4)]),
    case(
        "strict_deduplication",
        10000,
        &["a", "b", "c", "d", "e", "f", "g"],
        &[(REPEATED, 6)],
    ),
    case(
        "ordered",
        10000,
        &["a", "b", "c", "d", "e", "f", "g"],
        &[(REPEATED, 7)],
    ),
    case(
        "ordered",
        86400,
        ABC,
        &[
            ("a1 b2 c3", 3),
            ("a1 d2 b3 c4", 3),
            ("a1 a2 b3 b4 c5 c6", 3),
            ("a1 a2 a3 a4 b5 b6 c7 c8", 3),
            ("a1 a2 b3 b4 d5 c6 c7", 3),
            ("c1 c2 b3 b4 a5 a6", 1),
        ],
    ),
    case(
        "strict_order",
        86400,
        ABC,
        &[
            ("a1 b2 c3", 3),
            ("a1 d2 b3 c4", 1),
            ("a1 a2 b3 b4 c5 c6", 3),
            ("a1 a2 a3 a4 b5 b6 c7 c8", 3),
            ("a1 a2 b3 b4 d5 c6 c7", 2),
            ("c1 c2 b3 b4 a5 a6", 1),
        ],
    ),
    case(
        "strict_deduplication+strict_order",
        86400,
        ABC,
        &[
            ("a1 b2 c3", 3),
            ("a1 d2 b3 c4", 1),
            ("a1 a2 b3 b4 c5 c6", 2),
            ("a1 a2 a3 a4 b5 b6 c7 c8", 2),
            ("a1 a2 b3 b4 d5 c6 c7", 2),
            ("c1 c2 b3 b4 a5 a6", 1),
        ],
    ),
    case("strict_order", 10, ABC, &[("a1 c2 b3", 1)]),
    case(
        "strict_deduplication",
        86400,
        &["a", "b", "c", "d"],
        &[("a1 b2 c3 b4 d5", 3)],
    ),
    case(
        "ordered",
        10000,
        &["a", "b", "c", "d", "e"],
        &[(SAME_MOMENT, 5)],
    ),
    case(
        "strict_increase",
        10000,
        &["a", "b", "c", "d", "e"],
        &[(SAME_MOMENT, 2)],
    ),
    case("ordered", 10000, &["e", "e", "e"], &[(SAME_MOMENT, 3)]),
    case("strict_once", 10000, &["e", "e", "e"], &[(SAME_MOMENT, 1)]),
    case(
        "strict_increase",
        10000,
        &["e", "e", "e"],
        &[(SAME_MOMENT, 1)],
    ),
    case("strict_once+strict_increase", 200, FAILED_TWICE, RETRIES),
    case("strict_once", 200, FAILED_TWICE, RETRIES),
    case(
        "strict_once+strict_deduplication",
        200,
        FAILED_TWICE,
        RETRIES,
    ),
    case(
        "strict_order",
        600,
        &["b", "v", "b", "p"],
        &[
            ("b100 v200 b300 p400", 1),
            ("b100 v200 v250 b300 p400", 1),
            ("b100 v200 p300", 1),
        ],
    ),
];

#[test]
fn levels_agree_with_the_published_cases() {
    for (number, case) in (1..).zip(&CASES) {
        for (text, expected) in case.units {
            let outcome = evaluated(&touches(text, case.steps), case.modes, case.window);
            assert_eq!(outcome.steps_reached, *expected, "case {number}: {text}");
        }
    }
}

#[test]
fn the_furthest_and_then_the_earliest_attempt_counts() {
    // Both starts come to step 2; the first start's earliest step 2 counts.
    let both = touches("a1 a2 b3 b4", ABC);
    assert_eq!(positions(&evaluated(&both, "ordered", 10)), [0, 2]);
    // The first start runs out of time before c.
    let second = touches("a1 b2 a8 b9 c12", ABC);
    assert_eq!(positions(&evaluated(&second, "ordered", 10)), [2, 3, 4]);
    // The window's last moment belongs to it.
    let edge = touches("a1 b11", ABC);
    assert_eq!(evaluated(&edge, "ordered", 10).steps_reached, 2);
    assert_eq!(evaluated(&edge, "ordered", 9).steps_reached, 1);
    assert_eq!(evaluated(&[], "ordered", 9), Outcome::default());
    let never = touches("b1 c2", ABC);
    assert_eq!(evaluated(&never, "ordered", 9), Outcome::default());
    // A window beyond the end of time is no overflow.
    let late = [(i64::MAX - 1, 1), (i64::MAX, 2)];
    assert_eq!(evaluated(&late, "ordered", i64::MAX).steps_reached, 2);
}

#[test]
fn loops_are_the_ways_back_before_the_last_step() {
    let count = |text| evaluated(&touches(text, ABC), "ordered", 100).loops;
    assert_eq!(count("a1 b2 c3"), 0);
    // Back to a twice; the second b stays on its step, d is no step.
    assert_eq!(count("a1 b2 a3 b4 a5 d6 c7"), 2);
    // After the last step nothing is on the way any more.
    assert_eq!(count("a1 b2 a3"), 0);
}

#[test]
fn a_disturbed_attempt_hides_no_later_one() {
    let again = touches("a1 d2 a3 b4 c5", ABC);
    assert_eq!(
        positions(&evaluated(&again, "strict_order", 100)),
        [2, 3, 4]
    );
}

#[test]
fn gaps_bound_the_time_between_two_steps() {
    let steps = touches("a1 b2 b9 c10", ABC);
    // Two instants after a at the earliest: the second b, then c at once.
    let outcome = evaluated(&steps, "ordered; steps 3; min 2 3 us", 100);
    assert_eq!(positions(&outcome), [0, 2, 3]);
    // At most seven from b to c: the attempt took b at 2 and is over at 9.
    let outcome = evaluated(&steps, "ordered; steps 3; max 3 7 us", 100);
    assert_eq!((positions(&outcome), outcome.ends_at), (vec![0, 1], 9));
    // A later start is not over, because it took the later b.
    let again = touches("a1 b2 a8 b9 c10", ABC);
    let outcome = evaluated(&again, "ordered; steps 3; max 3 7 us", 100);
    assert_eq!(positions(&outcome), [2, 3, 4]);
}

#[test]
fn optional_steps_count_where_they_are_passed() {
    let terms = "ordered; steps 3; optional 2";
    let reached = |text| {
        let outcome = evaluated(&touches(text, ABC), terms, 100);
        let touches = outcome.reached.iter();
        let touches: Vec<_> = touches.map(|step| step.map(|step| step.touch)).collect();
        (outcome.steps_reached, touches)
    };
    assert_eq!(reached("a1 b2 c3"), (3, vec![Some(0), Some(1), Some(2)]));
    assert_eq!(reached("a1 c3"), (3, vec![Some(0), None, Some(1)]));
    // Before the first step and after the last it was not passed.
    assert_eq!(reached("b0 a1 c3 b4"), (3, vec![Some(1), None, Some(2)]));
    // On the way to a step that has not come yet it was.
    assert_eq!(reached("a1 b2"), (1, vec![Some(0), Some(1)]));
    assert_eq!(reached("a1 b102"), (1, vec![Some(0)]));
}

#[test]
fn an_exclusion_ends_what_stands_between_its_steps() {
    let steps: &[&str] = &["a", "b", "c", "x"];
    let terms = "ordered; steps 3; exclude 4 2 3";
    let outcome = evaluated(&touches("a1 x2 b3 x4 c5", steps), terms, 100);
    assert_eq!(positions(&outcome), [0, 2]);
    let by_x = Ended {
        touch: 3,
        exclusion: Some(4),
    };
    assert_eq!(outcome.ended, Some(by_x));
    // Another attempt may still get there.
    let outcome = evaluated(&touches("a1 b3 x4 a5 b6 c7", steps), terms, 100);
    assert_eq!(positions(&outcome), [3, 4, 5]);
    assert_eq!(outcome.ended, None);
}

#[test]
fn a_quorum_is_gathered_since_the_step_before() {
    let touch = |occurred_at, mask, person, role| Touch {
        occurred_at,
        mask,
        person,
        role,
        ..Touch::default()
    };
    let mut touches = [
        touch(1, 2, 1, 1),
        touch(2, 1, 1, 1),
        touch(3, 2, 2, 2),
        touch(4, 2, 2, 2),
        touch(5, 2, 0, 0),
        touch(6, 2, 1, 2),
    ];
    let mut steps = |terms: &str| {
        let terms = Terms::parse(terms, 100).unwrap();
        let scratch = &mut Scratch::default();
        positions(&evaluate(&mut touches, 0, &terms, &calendar(), scratch))
    };
    // Person 1 touched b before a, which does not count; nobody knows who 5 was.
    assert_eq!(steps("ordered; people 2 2"), [1, 5]);
    // One role only since a; the third person never comes.
    assert_eq!(steps("ordered; roles 2 2"), [1]);
    assert_eq!(steps("ordered; people 2 3"), [1]);
}

#[test]
fn modes_print_as_they_are_read() {
    for bits in (0..16).chain([16, 20, 24, 28]) {
        assert_eq!(Modes::parse(&Modes(bits).to_string()), Some(Modes(bits)));
    }
    assert_eq!(
        Modes::parse("strict_order + ordered"),
        Some(Modes::STRICT_ORDER)
    );
    for wrong in ["", "strict", "any_order+strict_order"] {
        assert_eq!(Modes::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn terms_that_contradict_each_other_are_refused() {
    let refused = [
        "ordered; gap 2 3 days",
        "ordered; min 2 3 weeks",
        "ordered; min 0 3 days",
        "ordered; optional 1",
        "ordered; optional 2; people 2 2",
        "any_order; optional 2",
        "any_order; max 2 3 days",
        "ordered; exclude 4 0 3",
        "ordered; optional 63",
        "ordered;",
    ];
    for text in refused {
        assert!(Terms::parse(text, 1).is_err(), "{text}");
    }
    assert!(Terms::parse("any_order; steps 3; exclude 4 1 3; first 2; role 3 5", 1).is_ok());
}

#[test]
fn sixty_two_steps_and_many_starts() {
    let steps: Vec<(i64, u64)> = (0..62).map(|step| (step, 1 << step)).collect();
    for modes in ["ordered", "any_order"] {
        assert_eq!(evaluated(&steps, modes, 100).steps_reached, 62);
    }
    // A hundred thousand starts that never go on: linear, so this ends at once.
    for modes in Modes::NAMES {
        let mut many: Vec<(i64, u64)> = (0..100_000).map(|at| (at, 1)).collect();
        many.push((100_000, 2));
        let outcome = evaluated(&many, &format!("{modes}; steps 3"), 1_000_000);
        assert_eq!(outcome.steps_reached, 2, "{modes}");
    }
}

/// Every chain of positions that takes the steps in order, tried one by one.
fn longest_chain(touches: &[(i64, u64)], modes: Modes, window: i64) -> Vec<usize> {
    fn extend(
        touches: &[(i64, u64)],
        modes: Modes,
        window: i64,
        chain: &mut Vec<usize>,
        best: &mut Vec<usize>,
    ) {
        let is_better = chain.len() > best.len() || chain.len() == best.len() && *chain < *best;
        if is_better {
            best.clone_from(chain);
        }
        for position in 0..touches.len() {
            let (at, mask) = touches[position];
            let fits = match chain.as_slice() {
                [] => true,
                [first, .., last] | [first @ last] => {
                    let has_advanced = if modes.has(Modes::STRICT_ONCE) {
                        position > *last
                    } else {
                        position >= *last
                    };
                    has_advanced
                        && at <= touches[*first].0 + window
                        && (at > touches[*last].0 || !modes.has(Modes::STRICT_INCREASE))
                }
            };
            if fits && mask >> chain.len() & 1 == 1 {
                chain.push(position);
                extend(touches, modes, window, chain, best);
                chain.pop();
            }
        }
    }
    let mut best = Vec::new();
    extend(touches, modes, window, &mut Vec::new(), &mut best);
    best
}

/// Up to `length` touches of `steps` steps, many at the same instant, by a few
/// persons in a few roles.
fn journeys(length: usize, steps: u32) -> impl Strategy<Value = Vec<Touch>> {
    let sparse = prop_oneof![
        4 => (0..steps).prop_map(|step| 1_u64 << step),
        1 => 0..1_u64 << steps,
    ];
    let touch = (0_i64..12, sparse, 0_u32..4, 0_u8..4).prop_map(|(at, mask, person, role)| Touch {
        occurred_at: at,
        mask,
        person,
        role,
        ..Touch::default()
    });
    prop::collection::vec(touch, 0..length).prop_map(|mut touches| {
        touches.sort_by_key(|touch| touch.occurred_at);
        touches
    })
}

/// Every combination of modes there is.
fn all_modes() -> impl Iterator<Item = Modes> {
    (0..16).chain([16, 20, 24, 28]).map(Modes)
}

proptest! {
    // Every history is judged in every mode: ten thousand each.
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn every_combination_of_touches_was_considered(
        touches in journeys(9, 4),
        window in 0_i64..14,
    ) {
        let calendar = calendar();
        for modes in all_modes().filter(|modes| modes.0 & 0b1_0011 == 0) {
            let terms = Terms::parse(&modes.to_string(), window).unwrap();
            let outcome =
                evaluate(&mut touches.clone(), 0, &terms, &calendar, &mut Scratch::default());
            let touches: Vec<_> =
                touches.iter().map(|touch| (touch.occurred_at, touch.mask)).collect();
            prop_assert_eq!(&positions(&outcome), &longest_chain(&touches, modes, window));
        }
    }

    #[test]
    fn every_start_was_tried(
        touches in journeys(18, 6),
        plan in brute::plans(),
        window in 0_i64..14,
    ) {
        let mut scratch = Scratch::default();
        let calendar = calendar();
        for modes in all_modes() {
            // Without further terms too: most funnels have none.
            for plan in [&brute::Plan::default(), &plan] {
                let text = plan.text(modes);
                let terms = Terms::parse(&text, window).unwrap();
                let touches = plan.seen(&touches);
                let outcome = evaluate(&mut touches.clone(), 0, &terms, &calendar, &mut scratch);
                let expected = plan.furthest(&touches, modes, window);
                prop_assert_eq!(&outcome, &expected, "{}", text);
            }
        }
    }
}
