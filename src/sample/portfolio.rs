//! Which of our people owns which account, and since when.
//!
//! Owners come and go: when one leaves, all accounts of the portfolio pass to
//! the successor on one day. Now and then a single account changes hands.

use super::calendar::PAST_DAYS;
use super::draw::{Draw, Purpose};
use super::names;

/// Accounts that one person looks after, on average.
const ACCOUNTS_PER_OWNER: u32 = 40;
/// Mean days that a person keeps a portfolio.
const STAY_DAYS: f64 = 900.0;
/// Mean days until an account changes hands for a reason of its own.
const MOVE_DAYS: f64 = 2500.0;

/// A stretch of ownership; it lasts until the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ownership {
    pub(super) owner: String,
    pub(super) from: i32,
}

fn portfolios(accounts: u32) -> u32 {
    (accounts / ACCOUNTS_PER_OWNER).max(4)
}

/// Days on which the portfolio passes to the next person, from the past on.
fn successions(seed: u64, portfolio: u32, days: i32) -> Vec<i32> {
    let mut draw = Draw::new(seed, Purpose::Portfolio, portfolio, 0);
    let mut days_of_change = vec![-PAST_DAYS];
    let mut day = -PAST_DAYS + draw.wait(STAY_DAYS);
    while day < days {
        days_of_change.push(day);
        day += 60 + draw.wait(STAY_DAYS);
    }
    days_of_change
}

/// Departments that our people work in.
const DEPARTMENTS: [&str; 3] = ["営業一部", "営業二部", "カスタマーサクセス部"];

/// Everybody of ours who ever had a portfolio, with their department, by name.
pub(super) fn everybody(seed: u64, accounts: u32, days: i32) -> Vec<(String, &'static str)> {
    let portfolios = portfolios(accounts);
    let mut people = Vec::new();
    for portfolio in 0..portfolios {
        for generation in 0..successions(seed, portfolio, days).len() {
            let number = usize::try_from(portfolio + portfolios * small(generation)).unwrap_or(0);
            let department = DEPARTMENTS[number % DEPARTMENTS.len()];
            people.push((names::owner(number), department));
        }
    }
    people.sort();
    people
}

/// Everybody who owned the account, in order; the first from its creation on.
pub(super) fn history(
    seed: u64,
    account: u32,
    accounts: u32,
    created: i32,
    days: i32,
) -> Vec<Ownership> {
    let mut draw = Draw::new(seed, Purpose::Owners, account, 0);
    let portfolios = portfolios(accounts);
    let mut history: Vec<Ownership> = Vec::new();
    let mut from = created;
    while from < days {
        let portfolio = draw.below(portfolios);
        let until = from.saturating_add(draw.wait(MOVE_DAYS)).min(days);
        let successions = successions(seed, portfolio, days);
        for (generation, day) in successions.iter().enumerate() {
            let next = successions.get(generation + 1).copied().unwrap_or(days);
            if next <= from || *day >= until {
                continue;
            }
            let number = usize::try_from(portfolio + portfolios * small(generation));
            let owner = names::owner(number.unwrap_or(0));
            if history.last().is_none_or(|last| last.owner != owner) {
                history.push(Ownership {
                    owner,
                    from: from.max(*day),
                });
            }
        }
        from = until;
    }
    history
}

fn small(generation: usize) -> u32 {
    u32::try_from(generation).unwrap_or(0)
}

/// Who owned the account on `day`; the first owner before that.
pub(super) fn owner_on(history: &[Ownership], day: i32) -> Option<&str> {
    let position = history.partition_point(|stretch| stretch.from <= day);
    let stretch = history.get(position.saturating_sub(1))?;
    Some(&stretch.owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ownership_has_no_gap_and_no_overlap() {
        let mut changes = 0;
        for account in 1..500 {
            let created = -900 + i32::try_from(account).unwrap() * 2;
            let history = history(3, account, 500, created, 400);
            assert_eq!(history[0].from, created);
            assert!(history.windows(2).all(|pair| pair[0].from < pair[1].from));
            assert!(
                history
                    .windows(2)
                    .all(|pair| pair[0].owner != pair[1].owner)
            );
            assert_eq!(owner_on(&history, created - 5), Some(&*history[0].owner));
            changes += history.len() - 1;
        }
        assert!(changes > 300, "{changes}");
    }
}
