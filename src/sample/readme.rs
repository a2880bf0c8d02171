//! The README of a simulated company: how it was made, what is in it, what is
//! wrong with it on purpose, and how its truth is computed.

use std::fmt::Write;

use super::chain::{HORIZON_DAYS, STATES, WorldKind};
use super::event::{DIRT_EVENTS, Dirt};
use super::{Company, Summary};

fn command(company: &Company) -> String {
    let mut text = format!(
        "kenko sample --accounts {} --days {} --seed {} --until {}",
        company.accounts, company.days, company.seed, company.last_day
    );
    if let Some(events) = company.events {
        // Writing to a String cannot fail.
        let _ = write!(text, " --events {events}");
    }
    if let Some(days) = company.truth_every_days {
        let _ = write!(text, " --truth-every {days}");
    }
    if company.world != WorldKind::Hidden {
        let _ = write!(text, " --world {}", company.world.name());
    }
    if company.play_effect > 0.0 {
        let _ = write!(text, " --play-effect {}", company.play_effect);
    }
    text.push_str(" --to DIR");
    text
}

/// The text of `README.md`.
pub(super) fn text(company: &Company, summary: &Summary, dirt: Dirt) -> String {
    let mut text = format!(
        "# A simulated company\n\n\
         Nobody in it exists: names are put together from syllables, e-mail domains end in \
         `.example`.\nThe same command writes the same bytes.\n\n\
         ```\n{}\n```\n\n\
         {} accounts, {} days until {} ({}), seed {}. Events, tickets and surveys cover these \
         days;\ndeals, contracts and bills reach back about 1000 days further.\n`event/day=` \
         names a day of the zone.\n\n",
        command(company),
        company.accounts,
        company.days,
        company.last_day,
        company.zone.name(),
        company.seed,
    );
    text.push_str("| table | rows | files | bytes |\n|---|---:|---:|---:|\n");
    for (table, size) in &summary.tables {
        let _ = writeln!(
            text,
            "| {table} | {} | {} | {} |",
            size.rows, size.files, size.bytes
        );
    }
    dirt_section(&mut text, dirt);
    truth_section(&mut text, company);
    play_section(&mut text, company);
    text
}

fn dirt_section(text: &mut String, dirt: Dirt) {
    let _ = write!(
        text,
        "\n## What is wrong with it, on purpose\n\n\
         | rows | what |\n|---:|---|\n\
         | {} | events delivered twice with the same `event_id` (1 in {DIRT_EVENTS}) |\n\
         | {} | events of an account that does not exist (`A9…`) |\n\
         | {} | product events without their contact |\n\
         | {} | events with the e-mail address in capitals |\n\n\
         Besides, as everywhere: some contacts without an e-mail address, accounts without a \
         segment,\ntickets without a contact, answers broken off, e-mails that bounced, and \
         browsers of which nobody\nknows whose they are. Every paid period is a row of \
         `subscription` of its own.\n",
        dirt.repeated, dirt.unknown_account, dirt.without_contact, dirt.capital_email,
    );
}

/// What holds where everybody leaves by chance.
const CHANCE: &str = "\nEverybody who pays leaves with the same hazard h on every day, whatever the \
    state, the contract or the\ntenure, and is gone on that very day: there is no notice ahead of \
    it, and no renewal to wait for. So the\nprobability is 1 − (1 − h)⁹⁰ for every row. The state \
    moves use, answers and payments as elsewhere, and\nsays nothing about who leaves.\n";

/// What holds where the extracts show all that leaving follows from.
const OBSERVABLE: &str = "\nThe state stands in the tickets, which are the only ones: at the end of a \
    day on which the account pays,\nas many are open as the state wants, 0 in thriving and steady, \
    1 in drifting, 2 in leaving. From thriving it\nis as likely to begin to drift as from steady, \
    and both have one hazard, so that nothing depends on which of\nthem it is. The probability is \
    therefore a function of open tickets, start and renewal days of the contract\nand notice, which \
    the extracts show.\n";

fn play_section(text: &mut String, company: &Company) {
    let _ = write!(
        text,
        "\n## The truth about tasks: `truth/play.parquet`\n\n\
         The first time that an account is seen going downhill becomes a row of `task`; two \
         accounts in five\nare kept out and get the status `held_out`. Where a task was done, \
         people of the account answer\n{} points of ten higher for 200 days after; nothing \
         else follows from a task.\n",
        company.play_effect,
    );
}

fn truth_section(text: &mut String, company: &Company) {
    let _ = write!(
        text,
        "\n## The truth: `truth/account_day.parquet`\n\n\
         Never an input. One row for each paying account and {} day of the window: the hidden \
         `state`,\nwhether notice was given, and `churn_probability_90d`, the probability that \
         the account loses all\nits recurring revenue within the next {HORIZON_DAYS} days.\n\n\
         While an account pays, its state takes one step of this chain P a day, {}\n\n\
         | state | to thriving | to steady | to drifting | to leaving | base hazard |\n\
         |---|---:|---:|---:|---:|---:|\n",
        match company.truth_step() {
            1 => "every".to_owned(),
            step => format!("each {step}th"),
        },
        match company.world {
            WorldKind::Chance => "and whether it leaves has\nnothing to do with it.",
            WorldKind::Hidden | WorldKind::Observable =>
                "and then gives notice with\nthe hazard h = base(state) × renewal factor × tenure \
                 factor. Notice ends the contract at the next\nrenewal.",
        },
    );
    for state in STATES {
        let row = company.world.transition()[state.index()];
        let _ = writeln!(
            text,
            "| {} | {:.6} | {:.6} | {:.6} | {:.6} | {} |",
            state.name(),
            row[0],
            row[1],
            row[2],
            row[3],
            company.world.base_hazard()[state.index()],
        );
    }
    if company.world == WorldKind::Chance {
        text.push_str(CHANCE);
        return;
    }
    text.push_str(
        "\nRenewal factor, by days to the next renewal: yearly contracts 3 (up to 30), 2 (up to \
         90), 0.5 (up\nto 180), 0.1 beyond; monthly contracts 1.5 (up to 7), 0.8 beyond. Tenure \
         factor: 1.5 in the first 180\ndays, 1.2 until 365, 1 until 1095, then 0.7.\n\n\
         With R the last renewal on day + 1 … day + 90, the probability is that of a notice on \
         day + 1 …\nR − 1: 1 − e(state)ᵀ · Π (P · diag(1 − h(u))) · 1 over these days u. It is 0 \
         without such a\nrenewal, and 0 or 1 once notice was given. It is propagated from the \
         day's state; the future that\nwas drawn is not looked at.\n\n\
         `truth/site.parquet`: which sites report late deliveries as on time. `truth/experiment.parquet`: \
         by\nhow much the treatment of each experiment in `exposure` truly raises `outcome`; nothing \
         else that an\naccount does depends on its arm.\n",
    );
    if company.world == WorldKind::Observable {
        text.push_str(OBSERVABLE);
    }
}
