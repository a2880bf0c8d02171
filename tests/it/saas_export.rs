//! The example that reads a person's CSV export, on a few rows of the same
//! shape with the same faults. The export itself is not needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kenko::run::Project;

const EXAMPLE: &str = "examples/saas_export";

/// A copy of the example with three accounts beside it.
fn example() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(EXAMPLE),
        folder.path(),
    );
    let data = folder.path().join("data");
    fs::create_dir_all(&data).unwrap();
    for (name, text) in FILES {
        // the export begins with a byte-order mark
        let text = format!("\u{feff}{text}");
        fs::write(data.join(format!("ravenstack_{name}.csv")), text).unwrap();
    }
    let pipeline = folder.path().join("saas_export.yaml");
    (folder, pipeline)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false if entry.file_type().unwrap().is_file() => {
                fs::copy(entry.path(), target).unwrap();
            }
            false => {}
        }
    }
}

fn kenko(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kenko"))
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_export_of_a_persons_own_shape_is_published_and_its_faults_are_named() {
    let (folder, pipeline) = example();
    let output = folder.path().join("out").display().to_string();
    let pipeline = pipeline.display().to_string();
    kenko(&[
        "run",
        &pipeline,
        "--as-of",
        "2024-12-31",
        "--output",
        &output,
    ]);
    let query = |sql: &str| kenko(&["query", sql, "--format", "csv", "--output", &output]);

    // 100 + 50 + 30 before December; the 50 ends, another contract brings 20
    let movements = query(
        "select sum(opening) as opening, sum(new) as new, sum(expansion) as expansion, \
         sum(churn) as churn, sum(closing) as closing from revenue_movement \
         where month = '2024-12-01'",
    );
    assert_eq!(
        movements.lines().last().unwrap(),
        "180.0000,0.0000,20.0000,50.0000,150.0000"
    );
    let retention = query(
        "select accounts_at_start, accounts_kept, mrr_at_start, mrr_at_end, is_too_few, \
         gross_retention is null as is_unknown from retention \
         where months = 1 and dimension = 'all' and period_end = '2024-12-31'",
    );
    assert_eq!(
        retention.lines().last().unwrap(),
        "3,2,180.0000,150.0000,true,true"
    );
    let faults = query(
        "select source_table, check_name, rows_checked, rows_failed from data_quality \
         where rows_failed > 0 and source_table in ('event', 'subscription', \
         'ravenstack_accounts', 'ravenstack_churn_events', 'ravenstack_feature_usage') \
         order by source_table, check_name",
    );
    assert_eq!(
        faults.lines().skip(1).collect::<Vec<_>>().join("\n"),
        FAULTS
    );
    let health = query("select count(*) as customers from account_health");
    assert_eq!(health.lines().last().unwrap(), "2");
    let undeclared = query(
        "select source_table from data_quality where check_name = 'declared' \
         and source_table in ('account', 'event', 'subscription', 'ticket', 'invoice') \
         and message like 'not declared%'",
    );
    assert_eq!(undeclared.lines().last().unwrap(), "invoice");
}

#[tokio::test]
async fn staging_sql_fills_tables_that_no_extract_is_named_after() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(EXAMPLE)
        .join("saas_export.yaml");
    let project = Project::load(&file.display().to_string()).await.unwrap();
    let filled: Vec<&str> = project
        .pipeline
        .supplied
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(filled, ["account", "event", "subscription", "ticket"]);
    assert!(project.pipeline.has("ravenstack_churn_events"));
    // the model that counts repeated keys reads many extracts and stands for none
    assert!(!project.pipeline.has("opportunity"));
    assert!(!project.pipeline.has("invoice"));
}

/// What is wrong with the rows below, and nothing else.
const FAULTS: &str = "\
event,usage_without_contract,2,2
ravenstack_accounts,churn_sources_disagree,3,2
ravenstack_accounts,flagged_but_paying,1,1
ravenstack_accounts,flagged_without_churn_event,1,1
ravenstack_churn_events,account_not_flagged,1,1
ravenstack_feature_usage,after_its_contract,2,1
ravenstack_feature_usage,before_its_contract,2,1
ravenstack_feature_usage,key_repeated,3,1
subscription,overlapping,4,1";

/// S-5 and U-3 are later than the as-of day. U-1 stands on two rows: the
/// earlier, which is before its contract, counts.
const FILES: [(&str, &str); 5] = [
    (
        "accounts",
        "account_id,account_name,industry,country,signup_date,referral_source,plan_tier,seats,\
         is_trial,churn_flag\n\
         A-1,Company_1,EdTech,US,01-01-2024,ads,Pro,5,FALSE,TRUE\n\
         A-2,Company_2,EdTech,IN,01-01-2024,ads,Basic,5,FALSE,FALSE\n\
         A-3,Company_3,FinTech,US,13-01-2024,ads,Basic,2,FALSE,FALSE\n",
    ),
    (
        "subscriptions",
        "subscription_id,account_id,start_date,end_date,plan_tier,seats,mrr_amount,arr_amount,\
         is_trial,upgrade_flag,downgrade_flag,churn_flag,billing_frequency,auto_renew_flag\n\
         S-1,A-1,13-01-2024,,Pro,5,100,1200,FALSE,FALSE,FALSE,FALSE,monthly,TRUE\n\
         S-2,A-2,13-01-2024,15-12-2024,Basic,5,50,600,FALSE,FALSE,FALSE,TRUE,monthly,TRUE\n\
         S-3,A-3,01-02-2024,,Basic,1,30,360,FALSE,FALSE,FALSE,FALSE,annual,TRUE\n\
         S-4,A-3,01-12-2024,,Basic,1,20,240,FALSE,FALSE,FALSE,FALSE,annual,TRUE\n\
         S-5,A-3,01-06-2025,,Basic,1,90,1080,FALSE,FALSE,FALSE,FALSE,annual,TRUE\n",
    ),
    (
        "feature_usage",
        "usage_id,subscription_id,usage_date,feature_name,usage_count,usage_duration_secs,\
         error_count,is_beta_feature\n\
         U-1,S-1,05-12-2024,feature_1,9,5004,0,FALSE\n\
         U-1,S-3,25-01-2024,feature_2,3,300,0,FALSE\n\
         U-2,S-2,20-12-2024,feature_1,1,10,0,TRUE\n\
         U-3,S-1,02-01-2025,feature_1,1,10,0,FALSE\n",
    ),
    (
        "supports_ticket",
        "ticket_id,account_id,submitted_at,closed_at,resolution_time_hours,priority,\
         first_response_time_minutes,satisfaction_score,escalation_flag\n\
         T-1,A-1,01-12-2024,02-12-2024 03:00,27,high,74,4,FALSE\n\
         T-2,A-3,30-12-2024,01-01-2025 03:00,51,low,74,,FALSE\n",
    ),
    (
        "churn_events",
        "churn_event_id,account_id,churn_date,reason_code,refund_amount_usd,\
         preceding_upgrade_flag,preceding_downgrade_flag,is_reactivation,feedback_text\n\
         C-1,A-2,15-12-2024,pricing,4.03,FALSE,FALSE,FALSE,too expensive\n",
    ),
];
