//! The hidden truth: how content an account is, when it gives notice, and how
//! probable it therefore is that it will be gone within 90 days.
//!
//! Pure arithmetic over known constants. The probability is propagated from
//! the state of the day through the chain; the future that was drawn for the
//! account is never looked at.

/// What it follows from that a customer leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorldKind {
    /// The hidden state, of which the extracts show only signs.
    #[default]
    Hidden,
    /// What the extracts show: open tickets tell the state exactly.
    Observable,
    /// Nothing: everybody leaves with the same hazard, and at once.
    Chance,
}

impl WorldKind {
    /// The word on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Observable => "observable",
            Self::Chance => "chance",
        }
    }

    /// Daily probability of going from one state (row) to another (column).
    pub(super) fn transition(self) -> &'static [[f64; 4]; 4] {
        match self {
            Self::Hidden | Self::Chance => &TRANSITION,
            Self::Observable => &OBSERVABLE_TRANSITION,
        }
    }

    /// Daily probability of giving notice, by state, before the factors.
    pub(super) fn base_hazard(self) -> [f64; 4] {
        match self {
            Self::Hidden => BASE_HAZARD,
            Self::Observable => OBSERVABLE_HAZARD,
            Self::Chance => [CHANCE_HAZARD; 4],
        }
    }
}

/// How content a customer is; hidden from every extract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Thriving,
    Steady,
    Drifting,
    Leaving,
}

/// Every state, in the order of the tables below.
pub(super) const STATES: [State; 4] = [
    State::Thriving,
    State::Steady,
    State::Drifting,
    State::Leaving,
];

/// Days ahead that the true probability is about.
pub(super) const HORIZON_DAYS: i32 = 90;

/// Daily probability of going from one state (row) to another (column).
pub(super) const TRANSITION: [[f64; 4]; 4] = {
    let (down, recover) = (1.0 / 120.0, 1.0 / 200.0);
    let (slip, mend) = (1.0 / 180.0, 1.0 / 60.0);
    let (give_up, reconsider) = (1.0 / 80.0, 1.0 / 50.0);
    [
        [1.0 - down, down, 0.0, 0.0],
        [recover, 1.0 - recover - slip, slip, 0.0],
        [0.0, mend, 1.0 - mend - give_up, give_up],
        [0.0, 0.0, reconsider, 1.0 - reconsider],
    ]
};

/// Daily probability of giving notice, by state, before the factors.
pub(super) const BASE_HAZARD: [f64; 4] = [0.000_05, 0.000_3, 0.001_5, 0.008];

/// As [`TRANSITION`], but from thriving it is as likely to begin to drift as from
/// steady: with equal hazards nothing depends on which of the two it is.
pub(super) const OBSERVABLE_TRANSITION: [[f64; 4]; 4] = {
    let (down, slip) = (1.0 / 120.0, 1.0 / 180.0);
    [
        [1.0 - down - slip, down, slip, 0.0],
        TRANSITION[1],
        TRANSITION[2],
        TRANSITION[3],
    ]
};

/// Daily probability of giving notice where the extracts show the state.
pub(super) const OBSERVABLE_HAZARD: [f64; 4] = [0.000_25, 0.000_25, 0.001_5, 0.008];

/// Daily probability of leaving where it is chance: about 5 % in 90 days.
pub(super) const CHANCE_HAZARD: f64 = 0.000_6;

/// How often the contract renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Period {
    Monthly,
    Yearly,
}

impl State {
    /// Position in [`STATES`].
    pub(super) fn index(self) -> usize {
        match self {
            Self::Thriving => 0,
            Self::Steady => 1,
            Self::Drifting => 2,
            Self::Leaving => 3,
        }
    }

    /// The name in the truth's files.
    pub(super) fn name(self) -> &'static str {
        ["thriving", "steady", "drifting", "leaving"][self.index()]
    }

    /// The state of the next day, for a uniform draw in 0..1.
    pub(super) fn next(self, unit: f64, world: WorldKind) -> Self {
        let row = world.transition()[self.index()];
        let mut reached = 0.0;
        for state in STATES {
            reached += row[state.index()];
            if unit < reached {
                return state;
            }
        }
        self
    }
}

/// How much nearer a decision is when the renewal is near.
pub(super) fn renewal_factor(period: Period, days_to_renewal: i32) -> f64 {
    match (period, days_to_renewal) {
        (Period::Monthly, ..=7) => 1.5,
        (Period::Monthly, _) => 0.8,
        (Period::Yearly, ..=30) => 3.0,
        (Period::Yearly, 31..=90) => 2.0,
        (Period::Yearly, 91..=180) => 0.5,
        (Period::Yearly, _) => 0.1,
    }
}

/// Young relations break more easily, old ones less.
pub(super) fn tenure_factor(tenure_days: i32) -> f64 {
    match tenure_days {
        ..180 => 1.5,
        180..365 => 1.2,
        365..1095 => 1.0,
        _ => 0.7,
    }
}

/// When a customer's paid periods begin and end, as days of the simulation.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    /// What leaving follows from.
    pub(super) world: WorldKind,
    /// First day of service.
    pub(super) start: i32,
    /// How often it renews.
    pub(super) period: Period,
    /// First days of the second and later periods, ascending; they reach
    /// beyond the last day that is asked about by the horizon and one period.
    pub(super) renewals: Vec<i32>,
}

impl Schedule {
    /// The first renewal after `day`.
    pub(super) fn next_renewal(&self, day: i32) -> i32 {
        let position = self.renewals.partition_point(|renewal| *renewal <= day);
        self.renewals.get(position).copied().unwrap_or(i32::MAX)
    }

    /// Probability of giving notice on `day` in `state`, if none was given.
    pub(super) fn hazard(&self, state: State, day: i32) -> f64 {
        self.hazards(day)[state.index()]
    }

    fn hazards(&self, day: i32) -> [f64; 4] {
        if self.world == WorldKind::Chance {
            return self.world.base_hazard();
        }
        let factor = renewal_factor(self.period, self.next_renewal(day) - day)
            * tenure_factor(day - self.start);
        self.world.base_hazard().map(|base| base * factor)
    }

    /// For each day of `first..=last`, and each state on that day: the
    /// probability that the account loses all recurring revenue on one of the
    /// following [`HORIZON_DAYS`] days, given that it pays and has not given
    /// notice by the end of the day.
    ///
    /// Revenue ends at a renewal, so with R the last renewal up to day + 90
    /// it is the probability of a notice on day + 1 … R − 1:
    /// 1 − e(state)ᵀ · Π (P · diag(1 − hazard(u))) · 1, taken backwards from R.
    pub(super) fn churn_probability(&self, first: i32, last: i32) -> Vec<[f64; 4]> {
        let days = usize::try_from(last - first + 1).unwrap_or(0);
        if self.world == WorldKind::Chance {
            // Whoever leaves is gone on the same day.
            let stays = (0..HORIZON_DAYS).fold(1.0, |stays, _| stays * (1.0 - CHANCE_HAZARD));
            return vec![[1.0 - stays; 4]; days];
        }
        let transition = self.world.transition();
        let mut risk = vec![[0.0; 4]; days];
        for (position, &renewal) in self.renewals.iter().enumerate() {
            let following = self
                .renewals
                .get(position + 1)
                .map_or(i32::MAX, |next| *next);
            let newest = last.min(renewal - 1).min(following - HORIZON_DAYS - 1);
            let oldest = first.max(renewal - HORIZON_DAYS);
            let mut stays = [1.0; 4];
            for day in (oldest..renewal).rev() {
                if let Some(risk) = usize::try_from(day - first)
                    .ok()
                    .filter(|_| day <= newest)
                    .and_then(|index| risk.get_mut(index))
                {
                    *risk = stays.map(|stays| 1.0 - stays);
                }
                let hazards = self.hazards(day);
                let kept: [f64; 4] =
                    std::array::from_fn(|state| (1.0 - hazards[state]) * stays[state]);
                stays = transition.map(|row| {
                    row[0] * kept[0] + row[1] * kept[1] + row[2] * kept[2] + row[3] * kept[3]
                });
            }
        }
        risk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_chain_sum_to_one() {
        for row in TRANSITION.into_iter().chain(OBSERVABLE_TRANSITION) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        }
        assert_eq!(State::Steady.next(0.0, WorldKind::Hidden), State::Thriving);
        assert_eq!(State::Steady.next(0.5, WorldKind::Hidden), State::Steady);
        assert_eq!(
            State::Steady.next(0.999_999, WorldKind::Hidden),
            State::Drifting
        );
    }

    /// Adds up every path of states and notices, one by one.
    fn by_every_path(schedule: &Schedule, state: State, day: i32, until: i32) -> f64 {
        if day + 1 >= until {
            return 0.0;
        }
        STATES
            .iter()
            .map(|next| {
                let step = TRANSITION[state.index()][next.index()];
                if step == 0.0 {
                    return 0.0;
                }
                let notice = schedule.hazard(*next, day + 1);
                step * (notice + (1.0 - notice) * by_every_path(schedule, *next, day + 1, until))
            })
            .sum()
    }

    #[test]
    fn propagation_equals_the_sum_over_every_path() {
        for (period, renewals, start) in [
            (Period::Yearly, vec![12, 377], -353),
            (Period::Yearly, vec![100, 465], -265),
            (Period::Monthly, vec![-25, 7, 200], -56),
        ] {
            let schedule = Schedule {
                world: WorldKind::Hidden,
                start,
                period,
                renewals,
            };
            for day in [0, 3] {
                let end = schedule
                    .renewals
                    .iter()
                    .filter(|renewal| **renewal > day && **renewal <= day + HORIZON_DAYS)
                    .max();
                let risk = schedule.churn_probability(0, 11)[usize::try_from(day).unwrap()];
                for state in STATES {
                    let expected =
                        end.map_or(0.0, |end| by_every_path(&schedule, state, day, *end));
                    assert!((risk[state.index()] - expected).abs() < 1e-14);
                }
            }
        }
    }

    #[test]
    fn a_monthly_customer_can_leave_at_each_of_the_next_renewals() {
        let schedule = Schedule {
            world: WorldKind::Hidden,
            start: 0,
            period: Period::Monthly,
            renewals: (1..20).map(|month| month * 30).collect(),
        };
        // Day 15: renewals on 30, 60 and 90 lie within; the last counts.
        let risk = schedule.churn_probability(15, 15)[0];
        let mut stays = [0.0, 1.0, 0.0, 0.0];
        for day in 16..90 {
            let moved: [f64; 4] = std::array::from_fn(|to| {
                (0..4).map(|from| stays[from] * TRANSITION[from][to]).sum()
            });
            stays = std::array::from_fn(|state| {
                moved[state] * (1.0 - schedule.hazard(STATES[state], day))
            });
        }
        let forward = 1.0 - stays.iter().sum::<f64>();
        assert!((risk[State::Steady.index()] - forward).abs() < 1e-14);
    }

    fn yearly(world: WorldKind) -> Schedule {
        Schedule {
            world,
            start: -30,
            period: Period::Yearly,
            renewals: vec![60, 425, 790],
        }
    }

    #[test]
    fn where_the_extracts_show_the_state_two_states_are_one() {
        for risk in yearly(WorldKind::Observable).churn_probability(0, 50) {
            assert!((risk[0] - risk[1]).abs() < 1e-14);
            assert!(risk[1] < risk[2] && risk[2] < risk[3]);
        }
    }

    #[test]
    fn chance_is_the_same_for_all_on_every_day() {
        let risk = yearly(WorldKind::Chance).churn_probability(0, 300);
        let first = risk[0][0];
        assert!(risk.iter().flatten().all(|p| (p - first).abs() < 1e-15));
        assert!((first - 0.052_59).abs() < 1e-4);
    }
}
