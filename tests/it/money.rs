//! Movements and retention of random histories of contracts, against a count day by
//! day that shares nothing with the SQL: money as integers, one number for every
//! account, currency, product and day. Whole runs over CSV extracts, as of a day in the
//! middle of the histories, so that ends and beginnings of later days are in the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;

const FIRST: Date = date(2022, 1, 1);
const DAYS: i32 = 1461;
const MONTHS: i32 = 18;
/// Yen for a dollar, in ten-thousandths.
const RATE: i128 = 1_501_235;

/// A contract with money in ten-thousandths and days since [`FIRST`].
#[derive(Clone, Debug)]
struct Contract {
    account: usize,
    product: usize,
    is_dollar: bool,
    mrr: i128,
    started: i32,
    ended: Option<i32>,
    is_trial: bool,
}

fn contract() -> impl Strategy<Value = Contract> {
    let length = prop_oneof![
        // by the month, by the year, for any time, on and on
        (1_i32..4).prop_map(|months| Some(months * 30)),
        Just(Some(365)),
        (0_i32..700).prop_map(Some),
        Just(None),
    ];
    // a few starts only, so that contracts meet and change hands on one day
    let started = prop_oneof![0_i32..DAYS, (0_i32..48).prop_map(|month| month * 30)];
    (
        0_usize..10,
        0_usize..3,
        prop::bool::weighted(0.3),
        1_i128..9_999_999,
        started,
        length,
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(account, product, is_dollar, mrr, started, length, is_trial)| Contract {
                account,
                product,
                is_dollar,
                mrr,
                started,
                ended: length.map(|length| started + length),
                is_trial,
            },
        )
}

fn day(number: i32) -> Date {
    FIRST.checked_add(number.days()).unwrap()
}

fn number(day: Date) -> i32 {
    (day - FIRST).get_days()
}

/// The account's group: accounts 1 and 2 belong to account 0.
fn parent(account: usize) -> usize {
    if account < 3 { 0 } else { account }
}

fn money(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let value = value.abs();
    format!("{sign}{}.{:04}", value / 10_000, value % 10_000)
}

/// What is paid at the end of each day: by unit, currency, then day.
type Paid = BTreeMap<(String, &'static str), Vec<i128>>;

/// Walks through every day of every contract, as known on `as_of`.
fn paid(contracts: &[Contract], as_of: i32, unit: impl Fn(&Contract) -> String) -> Paid {
    let mut paid = Paid::new();
    for contract in contracts {
        if contract.is_trial || contract.started > as_of {
            continue;
        }
        let currency = if contract.is_dollar { "USD" } else { "JPY" };
        let days = paid
            .entry((unit(contract), currency))
            .or_insert_with(|| vec![0; usize::try_from(DAYS).unwrap() + 800]);
        for today in contract.started..=as_of {
            if contract.ended.is_none_or(|ended| today < ended) {
                days[usize::try_from(today).unwrap()] += contract.mrr;
            }
        }
    }
    paid
}

fn at(days: &[i128], day: i32) -> i128 {
    usize::try_from(day).map_or(0, |day| days[day])
}

/// First day, last day (or the as-of day) of each month that is shown.
fn months(as_of: i32) -> Vec<(Date, i32)> {
    let running = day(as_of).first_of_month();
    (0..MONTHS)
        .rev()
        .map(|back| {
            let first = running.checked_sub(back.months()).unwrap();
            (first, number(first.last_of_month()).min(as_of))
        })
        .collect()
}

/// The expected lines of a movement table whose unit decides for itself.
fn movements(paid: &Paid, as_of: i32) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for (first, end) in months(as_of) {
        let before = number(first) - 1;
        for ((unit, currency), days) in paid {
            let whole = |day: i32| -> i128 {
                let of_unit = paid.iter().filter(|((other, _), _)| other == unit);
                of_unit.map(|(_, days)| at(days, day)).sum()
            };
            let (opening, closing) = (at(days, before), at(days, end));
            if opening == 0 && closing == 0 {
                continue;
            }
            // every month-end from the beginning of time until the month before
            let mut month = FIRST;
            let mut paid_before = false;
            while month < first {
                paid_before |= whole(number(month.last_of_month())) > 0;
                month = month.checked_add(1.month()).unwrap();
            }
            let change = closing - opening;
            let movement = match (change.signum(), whole(before) > 0, whole(end) > 0) {
                (0, ..) => "none",
                (1, false, _) if paid_before => "reactivation",
                (1, false, _) => "new",
                (1, true, _) => "expansion",
                (_, _, false) => "churn",
                _ => "contraction",
            };
            lines.insert(format!(
                "{unit},{first},{currency},{movement},{},{},{}",
                money(opening),
                money(change.abs()),
                money(closing)
            ));
        }
    }
    lines
}

/// The expected lines of retention: per currency, or of all in yen.
fn retention(contracts: &[Contract], as_of: i32, is_converted: bool) -> BTreeSet<String> {
    let paid = paid(contracts, as_of, |contract| contract.account.to_string());
    let mut lines = BTreeSet::new();
    let running = day(as_of).first_of_month();
    for length in [1, 3, 12] {
        for back in 0..MONTHS {
            let last = running.checked_sub(back.months()).unwrap();
            let end = number(last.last_of_month());
            let first = last.checked_sub((length - 1).months()).unwrap();
            if end > as_of {
                continue;
            }
            let before = number(first) - 1;
            let currencies: &[&str] = if is_converted {
                &["JPY"]
            } else {
                &["JPY", "USD"]
            };
            for currency in currencies {
                if let Some(line) = period(&paid, before, end, currency, is_converted) {
                    lines.insert(format!("{first},{},{currency},{line}", day(end)));
                }
            }
        }
    }
    lines
}

fn in_yen(value: i128, currency: &str) -> i128 {
    if currency == "USD" {
        (value * RATE + 5_000) / 10_000
    } else {
        value
    }
}

fn period(
    paid: &Paid,
    before: i32,
    end: i32,
    currency: &str,
    is_converted: bool,
) -> Option<String> {
    let accounts: BTreeSet<&String> = paid.keys().map(|(account, _)| account).collect();
    let (mut n, mut kept, mut at_start, mut at_end, mut capped) = (0, 0, 0, 0, 0);
    for account in accounts {
        let of_account = || paid.iter().filter(|((other, _), _)| other == account);
        let sum = |day: i32| -> i128 {
            if is_converted {
                of_account()
                    .map(|((_, own), days)| in_yen(at(days, day), own))
                    .sum()
            } else {
                let own = of_account().filter(|((_, own), _)| *own == currency);
                own.map(|(_, days)| at(days, day)).sum()
            }
        };
        if sum(before) > 0 {
            n += 1;
            kept += i32::from(of_account().any(|(_, days)| at(days, end) > 0));
            at_start += sum(before);
            at_end += sum(end);
            capped += sum(before).min(sum(end));
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let share = |part: i128| format!("{:.9}", part as f64 / at_start as f64);
    (n > 0).then(|| {
        format!(
            "{n},{kept},{},{},{},{},{:.9}",
            money(at_start),
            money(at_end),
            share(capped),
            share(at_end),
            1.0 - f64::from(kept) / f64::from(n)
        )
    })
}

fn write_extracts(folder: &Path, contracts: &[Contract]) {
    let mut account = "account_id,account_name,parent_account_id,segment\n".to_owned();
    for number in 0..10 {
        let owner = parent(number);
        let owner = if owner == number {
            String::new()
        } else {
            owner.to_string()
        };
        writeln!(account, "{number},n{number},{owner},s{}", number % 2).unwrap();
    }
    let mut subscription = "subscription_id,account_id,product_id,mrr,currency,started_on,\
                            ended_on,is_trial\n"
        .to_owned();
    for (number, contract) in contracts.iter().enumerate() {
        let ended = contract.ended.map(|ended| day(ended).to_string());
        writeln!(
            subscription,
            "c{number},{},p{},{},{},{},{},{}",
            contract.account,
            contract.product,
            money(contract.mrr),
            if contract.is_dollar { "USD" } else { "JPY" },
            day(contract.started),
            ended.unwrap_or_default(),
            contract.is_trial
        )
        .unwrap();
    }
    let rates = format!(
        "currency,target_currency,valid_on,rate\nUSD,JPY,2022-01-01,99\nUSD,JPY,2022-02-01,{}\n",
        money(RATE)
    );
    let pipeline = format!(
        "name: money\ntimezone: UTC\ncurrency: JPY\noutput: out\nmarts: [revenue_movement, \
         revenue_movement_product, revenue_movement_group, retention, \
         retention_converted]\nhistory: {{days: 400, months: {MONTHS}}}\nminimum_n: \
         1\nsources:\n  account: {{path: \
         account.csv}}\n  subscription: {{path: subscription.csv}}\n  fx_rate: {{path: \
         fx_rate.csv}}\n"
    );
    for (name, text) in [
        ("account.csv", account),
        ("subscription.csv", subscription),
        ("fx_rate.csv", rates),
        ("money.yaml", pipeline),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}

fn kenko(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kenko"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

fn lines(folder: &Path, sql: &str) -> BTreeSet<String> {
    let text = kenko(
        folder,
        &["query", sql, "--format", "csv", "--output", "out"],
    );
    text.lines().skip(1).map(str::to_owned).collect()
}

const AMOUNTS: &str = "movement, opening, new + expansion + contraction + churn + reactivation as \
                       amount, closing";

fn retention_sql(table: &str) -> String {
    let share = |column: &str| format!("cast(cast({column} as decimal(18, 9)) as text)");
    format!(
        "select period_start, period_end, currency, accounts_at_start, accounts_kept, \
         mrr_at_start, mrr_at_end, {} as gross, {} as net, {} as churned from {table} where \
         dimension = 'all'",
        share("gross_retention"),
        share("net_retention"),
        share("logo_churn")
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, max_shrink_iters: 0, ..ProptestConfig::default() })]
    #[test]
    fn movements_and_retention_are_those_of_counting_day_by_day(
        contracts in prop::collection::vec(contract(), 1..60),
        as_of in 900_i32..DAYS,
    ) {
        // somebody is known on the day, whatever was drawn
        let mut contracts = contracts;
        contracts[0].started = contracts[0].started.min(as_of);
        let folder = tempfile::tempdir().unwrap();
        write_extracts(folder.path(), &contracts);
        let business_day = day(as_of).to_string();
        kenko(folder.path(), &["run", "money.yaml", "--as-of", &business_day]);

        let by_account = paid(&contracts, as_of, |contract| contract.account.to_string());
        let shown = lines(folder.path(), &format!(
            "select account_id, month, currency, {AMOUNTS} from revenue_movement"
        ));
        prop_assert_eq!(shown, movements(&by_account, as_of));

        let by_group = paid(&contracts, as_of, |contract| parent(contract.account).to_string());
        let shown = lines(folder.path(), &format!(
            "select parent_account_id, month, currency, {AMOUNTS} from revenue_movement_group"
        ));
        prop_assert_eq!(shown, movements(&by_group, as_of));

        let by_product = paid(&contracts, as_of, |contract| {
            format!("{},p{}", contract.account, contract.product)
        });
        let shown = lines(folder.path(),
            "select account_id, product_id, month, currency, opening, closing \
             from revenue_movement_product");
        let mut expected = BTreeSet::new();
        for (first, end) in months(as_of) {
            for ((unit, currency), days) in &by_product {
                let (opening, closing) = (at(days, number(first) - 1), at(days, end));
                if opening != 0 || closing != 0 {
                    let amounts = format!("{},{}", money(opening), money(closing));
                    expected.insert(format!("{unit},{first},{currency},{amounts}"));
                }
            }
        }
        prop_assert_eq!(shown, expected);

        for (table, is_converted) in [("retention", false), ("retention_converted", true)] {
            let shown = lines(folder.path(), &retention_sql(table));
            prop_assert_eq!(shown, retention(&contracts, as_of, is_converted));
        }
    }
}
