//! The tables of the extracts, and the rows that follow from a story alone.
//!
//! Rows and values from after the last day are left out here, and nowhere
//! else: an extract of that evening cannot know them. Contractual dates
//! (renewal, due date, a planned close) may lie ahead.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;

use super::calendar::Calendar;
use super::chain::WorldKind;
use super::contract::Subscription;
use super::deal::Deal;
use super::draw::{Draw, Purpose};
use super::firm::{Role, account_id, contact_id};
use super::life::Life;
use super::portfolio::{Ownership, owner_on};
use super::table::{Cell, Layout, Rows};
use crate::config::contract::{ColumnType, Contract};
use crate::error::Result;
use crate::time::Microseconds;

/// A table that is written account by account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Table {
    Account,
    Contact,
    OwnerHistory,
    Opportunity,
    OpportunityStage,
    OpportunityRole,
    Subscription,
    Invoice,
    Ticket,
    Invitation,
    Response,
    Answer,
    Delivery,
    Product,
    Task,
    Owner,
    Exposure,
    FxRate,
    Truth,
    PlayTruth,
    TruthSite,
    TruthExperiment,
}

/// Name and columns of every table but the events and the truth, in the order
/// of [`Table`]. `snapshot_date` is left out: there is one snapshot only.
const CONTRACTED: [(&str, &[&str]); 18] = [
    (
        "account",
        &[
            "account_id",
            "name",
            "domain",
            "parent_account_id",
            "industry",
            "employees",
            "region",
            "country",
            "segment",
            "owner_id",
            "created_on",
        ],
    ),
    (
        "contact",
        &[
            "contact_id",
            "account_id",
            "email",
            "name",
            "title",
            "department",
            "buying_role",
            "created_on",
            "left_on",
        ],
    ),
    (
        "owner_history",
        &["account_id", "owner_id", "valid_from", "valid_to"],
    ),
    (
        "opportunity",
        &[
            "opportunity_id",
            "account_id",
            "type",
            "amount",
            "currency",
            "created_on",
            "close_on",
            "is_won",
            "owner_id",
        ],
    ),
    (
        "opportunity_stage_history",
        &["opportunity_id", "stage", "entered_at"],
    ),
    (
        "opportunity_contact_role",
        &["opportunity_id", "contact_id", "role", "created_on"],
    ),
    (
        "subscription",
        &[
            "subscription_id",
            "account_id",
            "product_id",
            "plan",
            "seats",
            "mrr",
            "currency",
            "started_on",
            "ended_on",
            "cancelled_on",
            "renews_on",
            "is_trial",
            "auto_renew",
        ],
    ),
    (
        "invoice",
        &[
            "invoice_id",
            "account_id",
            "amount",
            "currency",
            "issued_on",
            "due_on",
            "paid_on",
        ],
    ),
    (
        "ticket",
        &[
            "ticket_id",
            "account_id",
            "contact_id",
            "opened_at",
            "first_response_at",
            "resolved_at",
            "reopens",
            "priority",
            "category",
            "business_minutes",
            "csat_score",
        ],
    ),
    (
        "survey_invitation",
        &[
            "invitation_id",
            "account_id",
            "contact_id",
            "kind",
            "stage",
            "sent_at",
            "delivered",
        ],
    ),
    (
        "survey_response",
        &[
            "response_id",
            "invitation_id",
            "account_id",
            "contact_id",
            "kind",
            "stage",
            "metric",
            "score",
            "responded_at",
            "is_finished",
            "ticket_id",
            "comment",
        ],
    ),
    (
        "survey_answer",
        &["response_id", "question", "score", "responded_at"],
    ),
    (
        "delivery",
        &[
            "delivery_id",
            "account_id",
            "ordered_on",
            "promised_on",
            "confirmed_on",
            "delivered_on",
            "quantity_ordered",
            "quantity_delivered",
            "reported_on_time",
            "site",
            "nps_score",
            "nps_answered_on",
        ],
    ),
    ("product", &["product_id", "name", "category"]),
    (
        "task",
        &[
            "task_key",
            "owner",
            "status",
            "created_on",
            "due_on",
            "snoozed_until",
            "closed_at",
            "outcome",
        ],
    ),
    ("owner", &["owner_id", "department"]),
    (
        "exposure",
        &[
            "experiment",
            "account_id",
            "arm",
            "exposed_at",
            "outcome",
            "outcome_before",
            "outcome_on",
        ],
    ),
    (
        "fx_rate",
        &["currency", "target_currency", "valid_on", "rate"],
    ),
];

/// The layouts in the order of [`Table`].
pub(super) fn layouts(contracts: &BTreeMap<String, Contract>) -> Result<Vec<Layout>> {
    let contracted = CONTRACTED
        .iter()
        .map(|(name, columns)| Layout::of_contract(contracts, name, columns));
    let truth = Layout::new(
        "truth/account_day",
        &[
            ("account_id", ColumnType::Text),
            ("day", ColumnType::Date),
            ("state", ColumnType::Text),
            ("notice_given", ColumnType::Boolean),
            ("churn_probability_90d", ColumnType::Float),
        ],
    );
    let plays = Layout::new(
        "truth/play",
        &[
            ("account_id", ColumnType::Text),
            ("task_key", ColumnType::Text),
            ("opened_on", ColumnType::Date),
            ("is_kept_out", ColumnType::Boolean),
            ("done_on", ColumnType::Date),
            ("effect_points", ColumnType::Float),
        ],
    );
    let site = Layout::new(
        "truth/site",
        &[
            ("site", ColumnType::Text),
            ("beautifies", ColumnType::Boolean),
        ],
    );
    let experiment = Layout::new(
        "truth/experiment",
        &[
            ("experiment", ColumnType::Text),
            ("true_effect", ColumnType::Float),
        ],
    );
    contracted
        .chain([Ok(truth), Ok(plays), Ok(site), Ok(experiment)])
        .collect()
}

/// Rows of all tables for a group of accounts.
pub(super) struct Piece {
    tables: Vec<Rows>,
}

impl Piece {
    /// No rows yet.
    pub(super) fn new(layouts: &[Layout]) -> Result<Self> {
        let tables = layouts.iter().map(Rows::new).collect::<Result<_>>()?;
        Ok(Self { tables })
    }

    /// Adds a row.
    pub(super) fn push<const N: usize>(&mut self, table: Table, cells: [Cell; N]) -> Result<()> {
        self.tables[table as usize].push(cells)
    }

    /// One batch for each table.
    pub(super) fn finish(self) -> Result<Vec<RecordBatch>> {
        self.tables.into_iter().map(Rows::finish).collect()
    }
}

/// Writes the rows of one account.
pub(super) struct Scribe<'a> {
    pub(super) world: WorldKind,
    pub(super) seed: u64,
    pub(super) calendar: &'a Calendar,
    pub(super) life: &'a Life,
    pub(super) owners: &'a [Ownership],
    pub(super) piece: &'a mut Piece,
}

impl Scribe<'_> {
    /// Key of a thing of this account.
    pub(super) fn id(&self, letter: char, number: usize) -> String {
        format!("{letter}{:06}-{:03}", self.life.firm.number, number + 1)
    }

    /// The stream of this account for a purpose.
    pub(super) fn draw(&self, purpose: Purpose) -> Draw {
        Draw::new(self.seed, purpose, self.life.firm.number, 0)
    }

    /// A day, whether it has come or not.
    pub(super) fn date(&self, day: i32) -> Cell {
        Cell::Date(self.calendar.epoch(day))
    }

    /// A day that is null until it has come.
    pub(super) fn past_date(&self, day: Option<i32>) -> Cell {
        match day {
            Some(day) if self.calendar.is_known(day) => self.date(day),
            _ => Cell::Null,
        }
    }

    /// Whether an instant has come.
    pub(super) fn is_past(&self, instant: Microseconds) -> bool {
        instant < self.calendar.ends_at()
    }

    /// The key of one of the account's people.
    pub(super) fn contact(&self, person: usize) -> Cell {
        contact_id(self.life.firm.number, person).into()
    }

    /// Account, people, owners, deals and contracts.
    pub(super) fn story(&mut self) -> Result<()> {
        self.account()?;
        self.contacts()?;
        self.owner_history()?;
        let mut draw = self.draw(Purpose::Deals);
        let mut deals: Vec<&Deal> = self.life.books.deals.iter().collect();
        deals.retain(|deal| self.calendar.is_known(deal.created));
        deals.sort_by_key(|deal| deal.created);
        for (number, deal) in deals.into_iter().enumerate() {
            self.opportunity(number, deal, &mut draw)?;
        }
        let mut subscriptions: Vec<&Subscription> = self.life.books.subscriptions.iter().collect();
        subscriptions.retain(|row| self.calendar.is_known(row.started));
        subscriptions.sort_by_key(|row| row.started);
        for (number, subscription) in subscriptions.into_iter().enumerate() {
            self.subscription(number, subscription)?;
        }
        Ok(())
    }

    fn account(&mut self) -> Result<()> {
        let firm = &self.life.firm;
        let owner = owner_on(self.owners, self.calendar.days() - 1);
        let cells = [
            firm.id().into(),
            firm.name.as_str().into(),
            firm.domain.as_str().into(),
            firm.parent.map(account_id).into(),
            firm.industry.into(),
            firm.employees.into(),
            firm.region.into(),
            firm.country.into(),
            firm.has_segment.then(|| firm.segment.name()).into(),
            owner.into(),
            self.date(firm.created),
        ];
        self.piece.push(Table::Account, cells)
    }

    fn contacts(&mut self) -> Result<()> {
        let firm = &self.life.firm;
        for (number, person) in self.life.people.iter().enumerate() {
            let email =
                (!person.mailbox.is_empty()).then(|| format!("{}@{}", person.mailbox, firm.domain));
            let cells = [
                self.contact(number),
                firm.id().into(),
                email.into(),
                person.name.as_str().into(),
                person.title.into(),
                person.department.into(),
                person.role.name().into(),
                self.date(person.joined),
                self.past_date(Some(person.left)),
            ];
            self.piece.push(Table::Contact, cells)?;
        }
        Ok(())
    }

    fn owner_history(&mut self) -> Result<()> {
        for (number, stretch) in self.owners.iter().enumerate() {
            let cells = [
                self.life.firm.id().into(),
                stretch.owner.as_str().into(),
                self.date(stretch.from),
                self.past_date(self.owners.get(number + 1).map(|next| next.from)),
            ];
            self.piece.push(Table::OwnerHistory, cells)?;
        }
        Ok(())
    }

    fn opportunity(&mut self, number: usize, deal: &Deal, draw: &mut Draw) -> Result<()> {
        let id = self.id('O', number);
        let is_known = self.calendar.is_known(deal.close);
        let cells = [
            id.as_str().into(),
            self.life.firm.id().into(),
            deal.kind.name().into(),
            Cell::Money(deal.amount),
            self.life.firm.currency.code().into(),
            self.date(deal.created),
            self.date(deal.close),
            deal.is_won.filter(|_| is_known).into(),
            owner_on(self.owners, deal.created).into(),
        ];
        self.piece.push(Table::Opportunity, cells)?;
        for (order, (stage, day)) in (0..).zip(&deal.stages) {
            // Stages of one day follow each other hour by hour.
            let second = (9 + order) * 3_600 + draw.between(0, 3_000);
            if self.calendar.is_known(*day) {
                let entered = Cell::Instant(self.calendar.instant(*day, second));
                let cells = [id.as_str().into(), (*stage).into(), entered];
                self.piece.push(Table::OpportunityStage, cells)?;
            }
        }
        self.roles(&id, deal, draw)
    }

    fn roles(&mut self, id: &str, deal: &Deal, draw: &mut Draw) -> Result<()> {
        let mut taken = Vec::new();
        for (role, likely) in [
            (Role::Champion, 0.95),
            (Role::Decider, 0.7),
            (Role::Purchasing, 0.5),
            (Role::Influencer, 0.4),
        ] {
            let joins = draw.chance(likely);
            let day = deal.created + draw.between(0, 14);
            let Some(person) = self.life.somebody(day, &[role], draw) else {
                continue;
            };
            let fits = self.life.people[person].role == role;
            if joins && fits && self.calendar.is_known(day) && !taken.contains(&person) {
                taken.push(person);
                let cells = [
                    id.into(),
                    self.contact(person),
                    role.name().into(),
                    self.date(day),
                ];
                self.piece.push(Table::OpportunityRole, cells)?;
            }
        }
        Ok(())
    }

    fn subscription(&mut self, number: usize, row: &Subscription) -> Result<()> {
        // Notice is known from the day it was given, and with it the end.
        let has_notice = row.cancelled.is_some_and(|day| self.calendar.is_known(day));
        let ended = match row.ended {
            Some(day) if has_notice || row.is_trial => self.date(day),
            ended => self.past_date(ended),
        };
        let cells = [
            self.id('S', number).into(),
            self.life.firm.id().into(),
            row.product.into(),
            row.plan.into(),
            row.seats.into(),
            Cell::Money(row.mrr),
            self.life.firm.currency.code().into(),
            self.date(row.started),
            ended,
            self.past_date(row.cancelled),
            row.renews.map_or(Cell::Null, |day| self.date(day)),
            row.is_trial.into(),
            (!row.is_trial && self.life.firm.renews_by_itself).into(),
        ];
        self.piece.push(Table::Subscription, cells)
    }
}

/// Our people and the departments they work in.
pub(super) fn owners(piece: &mut Piece, owners: &[(String, &'static str)]) -> Result<()> {
    for (owner, department) in owners {
        let cells = [owner.as_str().into(), (*department).into()];
        piece.push(Table::Owner, cells)?;
    }
    Ok(())
}

/// The price list: the same for every company.
pub(super) fn products(piece: &mut Piece) -> Result<()> {
    for (id, name, category) in [
        ("core", "Core", "platform"),
        ("insight", "Insight", "analytics"),
        ("connect", "Connect", "interface"),
    ] {
        piece.push(Table::Product, [id.into(), name.into(), category.into()])?;
    }
    Ok(())
}
