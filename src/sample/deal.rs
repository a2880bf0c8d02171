//! Deals and the stages they pass: a purchase, a renewal, an expansion.
//!
//! A deal is planned as a whole; which part of it the extracts know on the
//! last day is decided where rows are written.

use super::contract::Money;

/// What a deal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DealKind {
    New,
    Renewal,
    Expansion,
}

impl DealKind {
    /// The name in the opportunity table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Renewal => "renewal",
            Self::Expansion => "expansion",
        }
    }
}

/// A deal.
#[derive(Clone, Debug)]
pub(super) struct Deal {
    pub(super) kind: DealKind,
    pub(super) amount: Money,
    pub(super) created: i32,
    /// Stage and the day on which the deal enters it, ascending.
    pub(super) stages: Vec<(&'static str, i32)>,
    /// Day on which it closes, or is planned to.
    pub(super) close: i32,
    /// `None` while nothing is decided within the window.
    pub(super) is_won: Option<bool>,
}

impl Deal {
    /// A purchase; `days` are those of qualification, proposal, negotiation
    /// and close.
    pub(super) fn purchase(created: i32, days: [i32; 4], amount: Money) -> Self {
        let [qualified, proposal, negotiation, close] = days;
        Self {
            kind: DealKind::New,
            amount,
            created,
            stages: vec![
                ("lead", created),
                ("qualified", qualified),
                ("proposal", proposal),
                ("negotiation", negotiation),
            ],
            close,
            is_won: None,
        }
    }

    /// The renewal of a contract that ends at `close`.
    pub(super) fn renewal(created: i32, close: i32, amount: Money) -> Self {
        Self {
            kind: DealKind::Renewal,
            amount,
            created,
            stages: vec![
                ("qualified", created),
                ("proposal", close - 45),
                ("negotiation", close - 20),
            ],
            close,
            is_won: None,
        }
    }

    /// An offer of more, decided at `close`.
    pub(super) fn expansion(created: i32, close: i32, amount: Money) -> Self {
        Self {
            kind: DealKind::Expansion,
            amount,
            created,
            stages: vec![("qualified", created), ("proposal", close - 12)],
            close,
            is_won: None,
        }
    }

    /// Closes the deal as won.
    pub(super) fn win(&mut self, day: i32) {
        self.end(day, "won", true);
    }

    /// Closes the deal as lost; stages that were still planned fall away.
    pub(super) fn lose(&mut self, day: i32) {
        self.end(day, "lost", false);
    }

    fn end(&mut self, day: i32, stage: &'static str, is_won: bool) {
        self.stages.retain(|(_, entered)| *entered <= day);
        self.stages.push((stage, day));
        self.close = day;
        self.is_won = Some(is_won);
    }
}
