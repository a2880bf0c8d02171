//! What does not change about an account, and the people who work there.
//!
//! Pure functions of seed and account number. What happens to the account is
//! told in `life`.

use super::calendar::PAST_DAYS;
use super::draw::{Draw, Purpose, whole};
use super::names;

/// Currency of an account's contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Currency {
    Yen,
    Dollar,
}

impl Currency {
    /// ISO 4217 code.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Yen => "JPY",
            Self::Dollar => "USD",
        }
    }
}

/// Size class, by employees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Small,
    Mid,
    Enterprise,
}

impl Segment {
    /// The name in the account table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Small => "smb",
            Self::Mid => "mid",
            Self::Enterprise => "enterprise",
        }
    }
}

/// What does not change about an account.
#[expect(
    clippy::struct_excessive_bools,
    reason = "habits that are independent of each other"
)]
#[derive(Clone, Debug)]
pub(super) struct Firm {
    /// From 1.
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) is_japanese: bool,
    pub(super) parent: Option<u32>,
    pub(super) industry: &'static str,
    pub(super) employees: i32,
    pub(super) segment: Segment,
    /// Whether the CRM knows the segment.
    pub(super) has_segment: bool,
    pub(super) country: &'static str,
    pub(super) region: &'static str,
    pub(super) currency: Currency,
    /// Day the account was created; may lie before the window.
    pub(super) created: i32,
    pub(super) is_monthly: bool,
    pub(super) renews_by_itself: bool,
    pub(super) pays_late: bool,
    pub(super) uses_interface: bool,
    pub(super) buys_devices: bool,
    /// Answers higher or lower than others in the same state: −1, 0 or 1.
    pub(super) temperament: i32,
    /// How many of the product's features suit this account.
    pub(super) need: u32,
}

/// Part in the purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Decider,
    Champion,
    Purchasing,
    Influencer,
    User,
}

impl Role {
    /// The name in the contact table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Decider => "decider",
            Self::Champion => "champion",
            Self::Purchasing => "purchasing",
            Self::Influencer => "influencer",
            Self::User => "user",
        }
    }

    /// Title and department.
    pub(super) fn position(self, draw: &mut Draw) -> (&'static str, &'static str) {
        match self {
            Self::Decider => *draw.pick(&[("取締役", "経営企画"), ("本部長", "事業本部")]),
            Self::Champion => *draw.pick(&[("部長", "情報システム"), ("課長", "業務改革")]),
            Self::Purchasing => ("課長", "購買"),
            Self::Influencer => *draw.pick(&[("主任", "品質保証"), ("技師長", "技術")]),
            Self::User => *draw.pick(&[("担当", "営業"), ("担当", "業務"), ("主任", "生産")]),
        }
    }
}

/// A person at an account.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) role: Role,
    pub(super) name: String,
    /// What stands before the `@`; empty where no address is known.
    pub(super) mailbox: String,
    pub(super) title: &'static str,
    pub(super) department: &'static str,
    pub(super) joined: i32,
    /// First day at which the person is no longer there.
    pub(super) left: i32,
    /// Probability of using the product on a working day, in a good state.
    pub(super) habit: f64,
    /// Mean number of events on such a day, before the company's scale.
    pub(super) intensity: f64,
    /// 0..1: who has little stops first when the account drifts away.
    pub(super) loyalty: f64,
}

impl Person {
    /// Whether the person works there on `day`.
    pub(super) fn is_there(&self, day: i32) -> bool {
        self.joined <= day && day < self.left
    }
}

const PLACES: [(u32, (&str, &str)); 12] = [
    (30, ("JP", "kanto")),
    (16, ("JP", "kansai")),
    (12, ("JP", "chubu")),
    (8, ("JP", "kyushu")),
    (5, ("JP", "tohoku")),
    (4, ("JP", "hokkaido")),
    (4, ("JP", "chugoku_shikoku")),
    (9, ("US", "americas")),
    (4, ("SG", "apac")),
    (3, ("AU", "apac")),
    (3, ("DE", "emea")),
    (2, ("GB", "emea")),
];

/// Weight, and the smallest and largest number of employees.
const SIZES: [(u32, (i32, i32)); 6] = [
    (24, (5, 19)),
    (27, (20, 49)),
    (28, (50, 249)),
    (14, (250, 999)),
    (6, (1000, 4999)),
    (1, (5000, 20000)),
];

const MOST_PEOPLE: u32 = 45;

fn is_child(seed: u64, number: u32) -> bool {
    number > 1 && Draw::new(seed, Purpose::Firm, number, 1).chance(0.07)
}

impl Firm {
    /// The account with this number (from 1) in a window of `days` days.
    pub(super) fn new(seed: u64, number: u32, days: i32) -> Self {
        let mut draw = Draw::new(seed, Purpose::Firm, number, 0);
        let (country, region) = *draw.weighted(&PLACES);
        let is_japanese = country == "JP";
        let industry = draw.index(names::INDUSTRIES.len());
        let (name, stem) = names::company(&mut draw, is_japanese, industry);
        let (smallest, largest) = *draw.weighted(&SIZES);
        let place = draw.unit();
        let employees = smallest + whole(f64::from(largest - smallest + 1) * place * place);
        let segment = match employees {
            ..100 => Segment::Small,
            100..1000 => Segment::Mid,
            _ => Segment::Enterprise,
        };
        let parent = Some(1 + draw.below(number.saturating_sub(1)))
            .filter(|parent| is_child(seed, number) && !is_child(seed, *parent));
        Self {
            number,
            domain: format!("{stem}{number}.example"),
            name,
            is_japanese,
            parent,
            industry: names::INDUSTRIES[industry].0,
            employees,
            segment,
            has_segment: !draw.chance(0.01),
            country,
            region,
            currency: if !is_japanese && draw.chance(0.7) {
                Currency::Dollar
            } else {
                Currency::Yen
            },
            created: draw.between(-PAST_DAYS + 100, days - 1),
            is_monthly: draw.chance(match segment {
                Segment::Small => 0.45,
                Segment::Mid => 0.2,
                Segment::Enterprise => 0.05,
            }),
            renews_by_itself: draw.chance(0.8),
            pays_late: draw.chance(0.12),
            uses_interface: draw.chance(match segment {
                Segment::Small => 0.08,
                Segment::Mid => 0.25,
                Segment::Enterprise => 0.6,
            }),
            buys_devices: draw.chance(0.2),
            temperament: draw.between(-1, 1),
            need: 5 + draw.below(6),
        }
    }

    /// The key of the account.
    pub(super) fn id(&self) -> String {
        account_id(self.number)
    }
}

/// The key of the account with this number.
pub(super) fn account_id(number: u32) -> String {
    format!("A{number:06}")
}

/// The key of the account's contact at this position.
pub(super) fn contact_id(number: u32, position: usize) -> String {
    format!("C{number:06}-{:02}", position + 1)
}

/// Everybody who works at the account until the end of the window; the
/// position is the number of the contact.
pub(super) fn people(seed: u64, firm: &Firm, days: i32) -> Vec<Person> {
    let mut draw = Draw::new(seed, Purpose::People, firm.number, 0);
    let root = firm.employees.unsigned_abs().isqrt();
    let count = (2 + root / 2).min(MOST_PEOPLE);
    let mut people = Vec::new();
    for position in 0..count {
        let role = match position {
            0 => Role::Decider,
            1 => Role::Champion,
            2 if count > 3 => Role::Purchasing,
            _ => *draw.weighted(&[(1, Role::Influencer), (4, Role::User)]),
        };
        // The first two are known at once, the others turn up over time.
        let mut joined = firm.created
            + if position < 2 {
                0
            } else {
                draw.between(0, 240)
            };
        while joined < days {
            let left = joined + 120 + draw.wait(1100.0);
            let mut person = person(&mut draw, firm, role, joined, left);
            let namesakes = people
                .iter()
                .filter(|known: &&Person| known.name == person.name);
            let namesakes = namesakes.count();
            if namesakes > 0 && !person.mailbox.is_empty() {
                person.mailbox = format!("{}{}", person.mailbox, namesakes + 1);
            }
            people.push(person);
            joined = left + draw.between(0, 45);
        }
    }
    people
}

fn person(draw: &mut Draw, firm: &Firm, role: Role, joined: i32, left: i32) -> Person {
    let (name, mailbox) = names::person(draw, firm.is_japanese);
    let (title, department) = role.position(draw);
    let (habit, intensity) = match role {
        Role::Decider => (0.06, 2.0),
        Role::Champion => (0.6, 5.0),
        Role::Purchasing => (0.04, 2.0),
        Role::Influencer => (0.25, 3.0),
        Role::User => (0.55, 4.0),
    };
    Person {
        role,
        name,
        mailbox: if draw.chance(0.02) {
            String::new()
        } else {
            mailbox
        },
        title,
        department,
        joined,
        left,
        habit: habit * (0.5 + draw.unit()),
        intensity: intensity * (0.4 + 1.2 * draw.unit()),
        loyalty: draw.unit(),
    }
}
