//! Whole interactions with the program: what is typed, the exit code, and both
//! outputs. Standard output is data only; standard error, which is no terminal
//! here, is JSON lines, shown as `LEVEL field=value: message`.

use insta::assert_snapshot;
use kenko::report::Rows;

use crate::support::company::{Company, Interaction, snapshots};

#[test]
fn help_shows_every_command_and_an_example() {
    let _settings = snapshots().bind_to_scope();
    let nobody = Company::nobody();
    let root = nobody.kenko(&["--help"]).succeeded();
    assert_snapshot!("help", root.shown());
    for command in [
        "init",
        "sample",
        "plan",
        "run",
        "backfill",
        "train",
        "schedule",
        "check",
        "list",
        "explain",
        "reference",
        "show",
        "query",
        "tables",
    ] {
        assert!(
            root.stdout().contains(&format!("\n  {command} ")),
            "{command}"
        );
        let help = nobody.kenko(&[command, "--help"]).succeeded();
        assert!(
            help.stdout().contains("Example"),
            "{command} shows no example"
        );
        assert!(help.log().is_empty(), "{command}");
    }
    let version = nobody.kenko(&["--version"]).succeeded();
    assert_snapshot!(version.shown(), @r"
    $ kenko --version
    exit code 0
    --- stdout
    kenko [VERSION]
    --- stderr
    ");
}

#[test]
fn tables_are_shown_with_grains_and_columns() {
    let _settings = snapshots().bind_to_scope();
    let nobody = Company::nobody();
    assert_snapshot!("tables", nobody.kenko(&["tables"]).succeeded().shown());
    let one = nobody.kenko(&["tables", "account_health"]).succeeded();
    assert_snapshot!("tables_account_health", one.shown());
    assert_snapshot!(nobody.kenko(&["tables", "acount_health"]).shown(), @r#"
    $ kenko tables acount_health
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: `acount_health` is not a published table

    hint: `kenko tables` lists them
    "#);
}

#[test]
fn what_is_typed_wrongly_is_said_with_a_remedy() {
    let _settings = snapshots().bind_to_scope();
    let company = Company::small();
    let night = ["run", "pipelines/nightly.yaml"];
    let with = |more: &[&str]| company.kenko(&[&night, more].concat()).shown();
    assert_snapshot!(with(&["--memory", "4"]), @r#"
    $ kenko run pipelines/nightly.yaml --memory 4
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: `--memory 4` is no amount of memory

    hint: write it as 800MiB or 4GiB, at least 256MiB
    "#);
    assert_snapshot!(with(&["--as-of", "30.06.2026"]), @r#"
    $ kenko run pipelines/nightly.yaml --as-of 30.06.2026
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: `30.06.2026` is not a date
      caused by: strptime parsing failed: expected to match literal byte `-` from format string, but found byte `.` in input

    hint: write dates as YYYY-MM-DD, for example 2026-01-31
    "#);
    assert_snapshot!(with(&["--as-of", "2026-06-31"]), @r#"
    $ kenko run pipelines/nightly.yaml --as-of 2026-06-31
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: `2026-06-31` is not a date
      caused by: invalid date: parameter 'day' for `2026-06` is invalid, must be in range `1..=30`

    hint: write dates as YYYY-MM-DD, for example 2026-01-31
    "#);
    assert_snapshot!(with(&["--select", "acount_health"]), @r#"
    $ kenko run pipelines/nightly.yaml --select acount_health
    exit code 2
    --- stdout
    --- stderr
    INFO bytes=291180 files=88 sources=19: extracts frozen
    INFO quarantined=0: extracts registered
    ERROR exit_code=2 kind="Usage": error: there is no model `acount_health`

    hint: did you mean `account_health`?
    "#);
    assert_snapshot!(company.kenko(&["run", "nightly.yml"]).shown(), @r#"
    $ kenko run nightly.yml
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: there is no file `nightly.yml`

    hint: paths are relative to the folder you are in
    "#);
}

#[test]
fn before_the_first_night_there_is_nothing_to_read() {
    let _settings = snapshots().bind_to_scope();
    let company = Company::nobody();
    assert_snapshot!(company.kenko(&["list", "risk"]).shown(), @r#"
    $ kenko list risk
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: nothing is published at `[FOLDER]/out`

    hint: run a pipeline first, or name its output with --output
    "#);
    assert_snapshot!(company.kenko(&["explain", "A000010"]).shown(), @r#"
    $ kenko explain A000010
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: nothing is published at `[FOLDER]/out`

    hint: run a pipeline first, or name its output with --output
    "#);
    assert_snapshot!(company.kenko(&["query", "select 1"]).shown(), @r#"
    $ kenko query select 1
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: nothing is published at `[FOLDER]/out`

    hint: run a pipeline first, or name its output with --output
    "#);
}

#[test]
fn mistakes_in_a_pipeline_are_shown_where_they_stand() {
    let _settings = snapshots().bind_to_scope();
    let company = Company::nobody();
    let shipped = kenko::config::SHIPPED_PIPELINE;
    company.write(
        "pipelines/slip.yaml",
        &shipped.replace("currency: JPY", "curency: JPY"),
    );
    assert_snapshot!(company.kenko(&["check", "pipelines/slip.yaml"]).shown(), @r#"
    $ kenko check pipelines/slip.yaml
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: pipelines/slip.yaml:10:1: the pipeline file is not valid
      caused by: unknown field `curency`, expected one of name, timezone, holidays, currency, language, output, schedule, sql, marts, sources, history, minimum_n, retention_months, source_history, health, risk, churn_model, backtest, funnels, stages, cohorts, survey, attribution, buying_group, relationship, identity, lifetime_value, lists, handover, voice, experiments at line 10, column 1

    hint: docs/config.md lists every key with its meaning
    "#);
    company.write(
        "pipelines/tiers.yaml",
        &shipped.replacen("{tier: amber, from: 45}", "{tier: amber, from: 75}", 1),
    );
    let tiers = company.kenko(&["check", "pipelines/tiers.yaml"]);
    assert_snapshot!("check_tiers", tiers.shown());
    company.write(
        "pipelines/zone.yaml",
        &shipped.replace("Asia/Tokyo", "Asia/Tokio"),
    );
    assert_snapshot!(company.kenko(&["check", "pipelines/zone.yaml"]).shown(), @r#"
    $ kenko check pipelines/zone.yaml
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: pipelines/zone.yaml: `Asia/Tokio` is not a time zone
      caused by: failed to find time zone `Asia/Tokio` in time zone database

    hint: name an IANA zone such as `Asia/Tokyo`, `Europe/Berlin` or `UTC`
    "#);
}

#[test]
fn init_keeps_what_is_there() {
    let _settings = snapshots().bind_to_scope();
    let nobody = Company::nobody();
    assert_snapshot!("init", nobody.kenko(&["init", "mine"]).succeeded().shown());
    nobody.write("mine/pipelines/nightly.yaml", "# mine\n");
    let again = nobody.kenko(&["init", "mine"]).succeeded();
    assert_snapshot!("init_again", again.shown());
    let kept = std::fs::read_to_string(nobody.path("mine/pipelines/nightly.yaml")).unwrap();
    assert_eq!(kept, "# mine\n");
}

/// One test, because everything here reads what one night published: a
/// newcomer's first evening, from `init` to the lists.
#[test]
fn a_first_night_and_what_can_be_asked_afterwards() {
    let _settings = snapshots().bind_to_scope();
    let company = Company::small();
    assert_snapshot!(
        "check",
        company.kenko(&["check", "pipelines/nightly.yaml"]).shown()
    );
    let plan = ["plan", "pipelines/nightly.yaml", "--as-of", "2026-06-30"];
    let planned = company.kenko(&plan).succeeded();
    assert!(planned.log().is_empty());
    let (extracts, models) = planned.stdout().split_once(" model ").unwrap();
    assert_snapshot!("plan", extracts.trim_end_matches(['─', '\n', ' ']));
    assert!(models.contains("\n stg_account "), "{models}");
    let night = company.run("2026-06-30", "out", &[]).succeeded();
    assert_snapshot!("run", night.stdout());
    the_log_names_every_model_and_check(&night);
    assert_snapshot!(company.kenko(&plan).succeeded().messages(), @r"
    already done: this run is version 1 of [FOLDER]/out
    ");
    assignments(&company);
    lists(&company);
    explanations(&company);
    pictures(&company);
    queries(&company);
    queries_for_programs(&company);
}

fn the_log_names_every_model_and_check(night: &Interaction) {
    let log = night.log();
    let count = |message: &str| log.iter().filter(|line| line["message"] == message).count();
    assert_eq!(count("extracts frozen"), 1);
    assert_eq!(count("publishing"), 1);
    let summary = night.stdout().lines().next().unwrap();
    assert!(
        summary.contains(&format!(" {} models", count("built"))),
        "{summary}"
    );
    assert!(count("checked") > 30, "{}", count("checked"));
}

fn assignments(company: &Company) {
    let assign = ["assign", "trial", "--arm", "old", "--arm", "new", "--by"];
    let dealt = |by: &str| company.kenko(&[&assign[..], &[by]].concat());
    let by_segment = dealt("segment").succeeded();
    let text = by_segment.stdout();
    assert!(
        text.starts_with("experiment,account_id,stratum,arm\n"),
        "{text}"
    );
    let arms = |arm: &str| text.lines().filter(|line| line.ends_with(arm)).count();
    assert!(arms(",old").abs_diff(arms(",new")) <= 4, "{text}");
    assert_eq!(text, dealt("segment").stdout());
    assert_snapshot!(dealt("mood").shown(), @r#"
    $ kenko assign trial --arm old --arm new --by mood
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: accounts have no attribute `mood`

    hint: use segment, industry, region, country, owner_id
    "#);
}

fn lists(company: &Company) {
    let list = |more: &[&str]| {
        company
            .kenko(&[&["list", "risk"], more].concat())
            .succeeded()
    };
    let all = list(&["--format", "csv"]);
    assert_snapshot!("list_risk", list(&[]).shown());
    assert_snapshot!("list_risk_csv", all.shown());
    assert_snapshot!("list_risk_json", list(&["--format", "json"]).shown());
    let parquet = list(&["--format", "parquet"]);
    let rows = Rows::from_parquet("risk_list", parquet.stdout_bytes().into()).unwrap();
    assert_eq!(rows.len(), all.stdout().lines().count() - 1);
    let owner = rows.text(0, "owner_id").unwrap();
    let segment = rows.text(0, "segment").unwrap();
    let only = |filter: &[&str], column: &str, value: &str| {
        let text = list(&[filter, &["--format", "parquet"]].concat());
        let found = Rows::from_parquet("risk_list", text.stdout_bytes().into()).unwrap();
        assert!(!found.is_empty(), "{filter:?}");
        assert_eq!(found.len(), rows.only(column, &[value]).len(), "{filter:?}");
        assert!(
            (0..found.len()).all(|row| found.text(row, column) == Some(value)),
            "{filter:?}"
        );
    };
    only(&["--owner", owner], "owner_id", owner);
    only(&["--segment", segment], "segment", segment);
    only(&["--tier", "high"], "tier", "high");
    assert_eq!(
        list(&["--limit", "2", "--format", "csv"])
            .stdout()
            .lines()
            .count(),
        3
    );
    let two = list(&[
        "--segment",
        segment,
        "--owner",
        owner,
        "--limit",
        "1",
        "--format",
        "json",
    ]);
    assert!(
        two.stdout().contains(rows.text(0, "account_id").unwrap()),
        "{}",
        two.stdout()
    );
    for nobody in [
        ["--owner", "nobody"],
        ["--segment", "nowhere"],
        ["--tier", "low"],
    ] {
        assert_eq!(
            list(&[&nobody[..], &["--format", "json"]].concat()).stdout(),
            "[]\n"
        );
    }
    assert_snapshot!("list_risk_nobody", list(&["--owner", "nobody"]).shown());
}

fn explanations(company: &Company) {
    let list = company.table("out", "risk_list").sorted_by("rank");
    let id = list.text(0, "account_id").unwrap();
    let name = list.text(0, "account_name").unwrap();
    let by_id = company.kenko(&["explain", id]).succeeded();
    assert_snapshot!("explain", by_id.shown());
    assert_eq!(
        company.kenko(&["explain", name]).succeeded().stdout(),
        by_id.stdout()
    );
    let japanese = company.kenko(&["explain", id, "--language", "ja"]);
    assert_snapshot!("explain_ja", japanese.succeeded().shown());
    let frozen = company.kenko(&["reference", "--measure", "usage"]);
    assert_snapshot!("reference", frozen.succeeded().shown());
    let refused = company.kenko(&["reference", "--measure", "luck"]);
    assert_snapshot!("reference_refused", refused.shown());
    assert_snapshot!(company.kenko(&["explain", "A999999"]).shown(), @r#"
    $ kenko explain A999999
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: `A999999` is not an account with a health score

    hint: kenko query "select account_id, account_name from account_health"
    "#);
}

fn pictures(company: &Company) {
    let show = |arguments: &[&str]| company.kenko(&[&["show"], arguments].concat());
    let drawn = |arguments: &[&str]| show(arguments).succeeded().shown();
    assert_snapshot!("show_funnel", drawn(&["funnel", "acquisition"]));
    let by_segment = [
        "funnel",
        "acquisition",
        "--by",
        "segment",
        "--language",
        "ja",
    ];
    assert_snapshot!("show_funnel_by", drawn(&by_segment));
    let list = company.table("out", "risk_list").sorted_by("rank");
    let id = list.text(0, "account_id").unwrap();
    let name = list.text(0, "account_name").unwrap();
    let by_id = show(&["journey", id]).succeeded();
    assert_snapshot!("show_journey", by_id.shown());
    assert_eq!(
        show(&["journey", name]).succeeded().stdout(),
        by_id.stdout()
    );
    let short = ["journey", id, "--limit", "2", "--language", "ja"];
    assert_snapshot!("show_journey_short", drawn(&short));
    assert_snapshot!(
        "show_refused",
        [
            show(&["funnel", "acquisitions"]).shown(),
            show(&["funnel", "acquisition", "--by", "colour"]).shown(),
            show(&["journey", "a00000"]).shown(),
            show(&["journey", "nobody at all"]).shown(),
        ]
        .join("\n")
    );
}

fn queries(company: &Company) {
    let query = |sql: &str| company.kenko(&["query", sql]).shown();
    let tiers =
        query("select tier, count(*) as accounts from account_health group by tier order by tier");
    assert_snapshot!("query_tiers", tiers);
    assert_snapshot!(query("select scor\nfrom account_health"), @r#"
    $ kenko query select scor
    from account_health
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: query:1:8: column 'scor' not found

    hint: possible column account_health.score
    "#);
    assert_snapshot!(query("select * from acount_health"), @r#"
    $ kenko query select * from acount_health
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: query:1:15: table 'acount_health' not found

    hint: write one SELECT over published tables: `kenko tables` shows them and their columns
    "#);
    assert_snapshot!(query("drop table account_health"), @r#"
    $ kenko query drop table account_health
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: query:1: the statement is not a query

    hint: write one SELECT: kenko runs no statement that defines, changes or sets something
    "#);
    assert_snapshot!(query("copy account_health to 'stolen.csv'"), @r#"
    $ kenko query copy account_health to 'stolen.csv'
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: query:1: the statement is not a query

    hint: write one SELECT: kenko runs no statement that defines, changes or sets something
    "#);
    assert_snapshot!(query("select 1; select 2"), @r#"
    $ kenko query select 1; select 2
    exit code 2
    --- stdout
    --- stderr
    ERROR exit_code=2 kind="Usage": error: query: The context currently only supports a single SQL statement

    hint: write one SELECT over published tables: `kenko tables` shows them and their columns
    "#);
    assert!(!company.path("stolen.csv").exists());
}

fn queries_for_programs(company: &Company) {
    let shouted = company.kenko(&["query", "SELECT SCORE FROM ACCOUNT_HEALTH LIMIT 1"]);
    assert!(shouted.succeeded().stdout().contains(" score "));
    let csv = [
        "query",
        "select account_id from risk_list order by rank limit 1",
    ];
    let csv = company
        .kenko(&[&csv[..], &["--format", "csv"]].concat())
        .succeeded();
    let first = company.table("out", "risk_list").sorted_by("rank");
    assert_eq!(
        csv.stdout(),
        format!("account_id\n{}\n", first.text(0, "account_id").unwrap())
    );
}
