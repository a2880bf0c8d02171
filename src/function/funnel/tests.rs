//! The levels of `ClickHouse`'s test, and every mode against brute force.

use proptest::prelude::*;

use super::*;

/// (instant, mask) in the total order.
impl Touch for (Microseconds, u64) {
    fn occurred_at(&self) -> Microseconds {
        self.0
    }

    fn step_mask(&self) -> u64 {
        self.1
    }
}

fn evaluated(touches: &[(i64, u64)], modes: Modes, window: i64) -> Attempt {
    let mut attempt = Attempt::default();
    evaluate(
        touches,
        modes,
        window,
        &mut Scratch::default(),
        &mut attempt,
    );
    attempt
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
            let modes = Modes::parse(case.modes).unwrap();
            let attempt = evaluated(&touches(text, case.steps), modes, case.window);
            assert_eq!(attempt.reached.len(), *expected, "case {number}: {text}");
        }
    }
}

#[test]
fn the_furthest_and_then_the_earliest_attempt_counts() {
    let ordered = Modes::default();
    // Both starts come to step 2; the first start's earliest step 2 counts.
    let both = touches("a1 a2 b3 b4", ABC);
    assert_eq!(evaluated(&both, ordered, 10).reached, [0, 2]);
    // The first start runs out of time before c.
    let second = touches("a1 b2 a8 b9 c12", ABC);
    assert_eq!(evaluated(&second, ordered, 10).reached, [2, 3, 4]);
    // The window's last moment belongs to it.
    let edge = touches("a1 b11", ABC);
    assert_eq!(evaluated(&edge, ordered, 10).reached.len(), 2);
    assert_eq!(evaluated(&edge, ordered, 9).reached.len(), 1);
    assert_eq!(evaluated(&[], ordered, 9), Attempt::default());
    assert_eq!(
        evaluated(&touches("b1 c2", ABC), ordered, 9),
        Attempt::default()
    );
    // A window beyond the end of time is no overflow.
    let late = [(i64::MAX - 1, 1), (i64::MAX, 2)];
    assert_eq!(evaluated(&late, ordered, i64::MAX).reached.len(), 2);
}

#[test]
fn loops_are_the_ways_back_before_the_last_step() {
    let count = |text| evaluated(&touches(text, ABC), Modes::default(), 100).loops;
    assert_eq!(count("a1 b2 c3"), 0);
    // Back to a twice; the second b stays on its step, d is no step.
    assert_eq!(count("a1 b2 a3 b4 a5 d6 c7"), 2);
    // After the last step nothing is on the way any more.
    assert_eq!(count("a1 b2 a3"), 0);
}

#[test]
fn a_disturbed_attempt_hides_no_later_one() {
    let strict = Modes::parse("strict_order").unwrap();
    let again = touches("a1 d2 a3 b4 c5", ABC);
    assert_eq!(evaluated(&again, strict, 100).reached, [2, 3, 4]);
}

#[test]
fn modes_print_as_they_are_read() {
    for bits in 0..16 {
        assert_eq!(Modes::parse(&Modes(bits).to_string()), Some(Modes(bits)));
    }
    assert_eq!(
        Modes::parse("strict_order + ordered"),
        Some(Modes::STRICT_ORDER)
    );
    assert_eq!(Modes::parse(""), None);
    assert_eq!(Modes::parse("strict"), None);
}

#[test]
fn sixty_two_steps_and_many_starts() {
    let steps: Vec<(i64, u64)> = (0..62).map(|step| (step, 1 << step)).collect();
    assert_eq!(evaluated(&steps, Modes::default(), 100).reached.len(), 62);
    // A hundred thousand starts that never go on: linear, so this ends at once.
    for modes in [
        "ordered",
        "strict_order",
        "strict_deduplication",
        "strict_increase",
    ] {
        let mut many: Vec<(i64, u64)> = (0..100_000).map(|at| (at, 1)).collect();
        many.push((100_000, 2));
        let attempt = evaluated(&many, Modes::parse(modes).unwrap(), 1_000_000);
        assert_eq!(attempt.reached.len(), 2, "{modes}");
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

/// One start after another, by the words of the definition.
fn furthest_start(touches: &[(i64, u64)], modes: Modes, window: i64) -> Vec<usize> {
    let steps = 6;
    let mut best: Vec<usize> = Vec::new();
    for start in (0..touches.len()).filter(|start| touches[*start].1 & 1 == 1) {
        let mut chain = vec![start];
        for position in start..touches.len() {
            let (at, mask) = touches[position];
            if at > touches[start].0 + window {
                break;
            }
            let before = chain.len();
            for step in 1..steps {
                let is_spent =
                    modes.has(Modes::STRICT_ONCE) && (position == start || chain.len() > before);
                let is_later = at > touches[chain[chain.len() - 1]].0;
                let may_take = !is_spent && (is_later || !modes.has(Modes::STRICT_INCREASE));
                if step == chain.len() && mask >> step & 1 == 1 && may_take {
                    chain.push(position);
                }
            }
            let repeats = (0..before).any(|step| mask >> step & 1 == 1);
            let is_repeated = position > start && chain.len() == before && repeats;
            let is_early = (chain.len() + 1..steps).any(|step| mask >> step & 1 == 1);
            if modes.has(Modes::STRICT_DEDUPLICATION) && is_repeated
                || modes.has(Modes::STRICT_ORDER) && (mask == 0 || is_early)
            {
                break;
            }
        }
        if chain.len() > best.len() {
            best = chain;
        }
    }
    best
}

fn loops_of(touches: &[(i64, u64)], chain: &[usize]) -> usize {
    let (Some(first), Some(last)) = (chain.first(), chain.last()) else {
        return 0;
    };
    (*first..*last)
        .filter(|position| !chain.contains(position))
        .filter(|position| {
            let standing = chain.iter().filter(|taken| *taken < position).count();
            let (_, mask) = touches[*position];
            mask != 0 && mask >> (standing - 1) == 0
        })
        .count()
}

/// Up to `length` touches of `steps` steps, many at the same instant.
fn journeys(length: usize, steps: u32) -> impl Strategy<Value = Vec<(i64, u64)>> {
    let sparse = prop_oneof![
        4 => (0..steps).prop_map(|step| 1_u64 << step),
        1 => 0..1_u64 << steps,
    ];
    prop::collection::vec((0_i64..12, sparse), 0..length).prop_map(|mut touches| {
        touches.sort_by_key(|(at, _)| *at);
        touches
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_combination_of_touches_was_considered(
        touches in journeys(9, 4),
        bits in prop::sample::select(vec![0_u8, 4, 8, 12]),
        window in 0_i64..14,
    ) {
        let attempt = evaluated(&touches, Modes(bits), window);
        let chain = longest_chain(&touches, Modes(bits), window);
        prop_assert_eq!(&attempt.reached, &chain);
        prop_assert_eq!(usize::try_from(attempt.loops).unwrap(), loops_of(&touches, &chain));
    }

    #[test]
    fn every_start_was_tried(touches in journeys(24, 5), bits in 0_u8..16, window in 0_i64..14) {
        let attempt = evaluated(&touches, Modes(bits), window);
        let chain = furthest_start(&touches, Modes(bits), window);
        prop_assert_eq!(&attempt.reached, &chain);
        prop_assert_eq!(usize::try_from(attempt.loops).unwrap(), loops_of(&touches, &chain));
    }
}
