//! That touches which come in one by one, and of which those that no longer
//! matter are dropped, give what all of them together give.

use proptest::prelude::*;

use super::super::*;
use super::{all_modes, brute, calendar, journeys};

/// The outcome over touches of which what is decided is settled whenever `every`
/// more have come.
fn streamed(all: &[Touch], terms: &Terms, calendar: &Calendar, every: usize) -> Outcome {
    let scratch = &mut Scratch::default();
    let mut best = Outcome::default();
    let (mut seen, mut dropped) = (0, 0);
    for count in (every..=all.len()).step_by(every) {
        let now = all[count - 1].occurred_at;
        let before = all.partition_point(|touch| touch.occurred_at < now);
        let held = &all[dropped..before.max(dropped)];
        let settled = settle(&mut held.to_vec(), seen, terms, calendar, now, scratch).unwrap();
        if let Some(mut over) = settled.over
            && over.steps_reached > best.steps_reached
        {
            over.touches_mut().for_each(|position| *position += dropped);
            best = over;
        }
        if settled.is_final {
            return best;
        }
        let gone = held[..settled.needed_from].iter();
        seen = gone.fold(seen, |seen, touch| seen | satisfied(*touch, terms));
        dropped += settled.needed_from;
    }
    let mut left = evaluate(&mut all[dropped..].to_vec(), seen, terms, calendar, scratch);
    if left.steps_reached <= best.steps_reached && best.start.is_some() {
        return best;
    }
    left.touches_mut().for_each(|position| *position += dropped);
    left
}

proptest! {
    // Each history in every mode, twice.
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn dropping_what_is_settled_changes_nothing(
        touches in journeys(18, 6),
        plan in brute::plans(),
        window in 0_i64..7,
        every in 1_usize..6,
    ) {
        let calendar = calendar();
        for modes in all_modes() {
            for plan in [&brute::Plan::default(), &plan] {
                let text = plan.text(modes);
                let terms = Terms::parse(&text, window).unwrap();
                let touches = plan.seen(&touches);
                let expected = plan.furthest(&touches, modes, window);
                let found = streamed(&touches, &terms, &calendar, every);
                prop_assert_eq!(&found, &expected, "{}", text);
            }
        }
    }
}

#[test]
fn what_no_open_attempt_needs_is_not_held() {
    let calendar = calendar();
    let held = |modes: &str, touches: &[(i64, u64)], now: i64| {
        let terms = Terms::parse(&format!("{modes}; steps 3"), 10).unwrap();
        let mut touches = super::by_nobody(touches);
        let count = touches.len();
        let scratch = &mut Scratch::default();
        let settled = settle(&mut touches, 0, &terms, &calendar, now, scratch).unwrap();
        (count - settled.needed_from, settled.is_final)
    };
    // Nothing before the first start, nothing of a window that is over.
    assert_eq!(held("ordered", &[(1, 2), (2, 4), (3, 2)], 4), (0, false));
    assert_eq!(held("ordered", &[(1, 2), (2, 1), (3, 2)], 12), (2, false));
    assert_eq!(held("ordered", &[(1, 2), (2, 1), (3, 2)], 13), (0, false));
    // In order a complete attempt is final; in any, an earlier one may follow.
    assert_eq!(held("ordered", &[(1, 1), (2, 2), (3, 4)], 4), (3, true));
    assert_eq!(held("any_order", &[(1, 4), (2, 2), (3, 1)], 4), (3, false));
    // Without a number of steps nobody knows the last one.
    let open = Terms::parse("ordered", 10).unwrap();
    let scratch = &mut Scratch::default();
    assert_eq!(settle(&mut [], 0, &open, &calendar, 0, scratch), None);
}
