//! What the user may type: clap types only, nothing is decided here.

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Nightly account health for B2B companies: funnels, churn risk and health
/// scores from Parquet extracts, published all or nothing.
#[derive(Debug, Parser)]
#[command(name = "kenko", version, about, long_about = None, propagate_version = true)]
#[command(
    after_help = "Start here:\n  kenko init my-company && cd my-company\n  kenko sample \
    --accounts 60 --days 200 --to testdata\n  kenko run pipelines/nightly.yaml --as-of 2026-06-30"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the shipped models and pipelines into a folder of your own
    #[command(after_help = "Example:\n  kenko init my-company")]
    Init(InitArgs),
    /// Write a simulated company with a known truth
    #[command(
        after_help = "Example:\n  kenko sample --accounts 500 --days 400 --seed 7 --to testdata"
    )]
    Sample(SampleArgs),
    /// Show what a run would read and build, without running it
    #[command(after_help = "Example:\n  kenko plan pipelines/nightly.yaml --as-of 2026-06-30")]
    Plan(PlanArgs),
    /// Run a pipeline for one business day and publish the result
    #[command(
        after_help = "Examples:\n  kenko run pipelines/nightly.yaml\n  kenko run \
        pipelines/nightly.yaml --as-of 2026-06-30 --output s3://bucket/kenko\n  kenko run \
        pipelines/nightly.yaml --select +account_health   (builds, publishes nothing)"
    )]
    Run(RunArgs),
    /// Run a pipeline for every day of a range, in order
    #[command(
        after_help = "Each day is published by itself. The first failure stops the backfill and says \
        how to\nresume; days that are published already pass quickly.\n\nExample:\n  kenko backfill \
        pipelines/nightly.yaml --from 2026-06-01 --to 2026-06-30"
    )]
    Backfill(BackfillArgs),
    /// Train the churn model on past month-ends and decide who is in charge
    #[command(
        after_help = "Once a week is enough. Each month-end is made by the models of the night, cut at that day; \
        a\nmodel takes charge only if it forecast past quarters better than every baseline \
        does.\n\nExample:\n  kenko train pipelines/nightly.yaml --as-of 2026-06-30"
    )]
    Train(TrainArgs),
    /// Run the pipelines of a folder when they are due, and catch up missed days
    #[command(
        after_help = "Due are the days after the newest published one that a firing of `schedule:` \
        has passed\nfor. They run one by one, in order; a retry belongs to the same \
        day.\n\nExamples:\n  kenko schedule pipelines\n  kenko schedule pipelines --once   (for \
        cron, systemd or Kubernetes)\n  kenko schedule pipelines --list"
    )]
    Schedule(ScheduleArgs),
    /// Compute a sample of the stored results again and compare the bytes
    #[command(
        after_help = "Example:\n  kenko verify pipelines/nightly.yaml --as-of 2026-06-30 --sample 50"
    )]
    Verify(VerifyArgs),
    /// Remove what no kept commit reaches: files of runs that ended early, of
    /// commits that were replaced, and stored results no longer used
    #[command(
        after_help = "In a local folder that includes what a process was writing when it died. A \
        bucket shows no such uploads: let one of its lifecycle rules end those that are never \
        finished.\n\nExamples:\n  kenko prune --output out --dry-run\n  kenko prune \
        --output s3://bucket/kenko --older-than 14"
    )]
    Prune(PruneArgs),
    /// Try health and risk on what happened: compute them as of past month-ends
    #[command(
        after_help = "Nothing later than each month-end is visible to it. What it finds is read \
        by every night\nfrom then on, and published with it as health_backtest. Where the pipeline \
        asks for a minimum that\nis not reached, it ends with code 3 and changes nothing.\n\nExample:\n  \
        kenko backtest pipelines/nightly.yaml --as-of 2026-06-30"
    )]
    Backtest(BacktestArgs),
    /// Check configuration, SQL and contracts without reading any extract
    #[command(after_help = "Example:\n  kenko check pipelines/nightly.yaml")]
    Check(CheckArgs),
    /// Print a list for people from the published tables
    #[command(after_help = "Example:\n  kenko list risk --owner 佐藤 --limit 20 --format csv")]
    List(ListArgs),
    /// Deal the accounts of an experiment out to its arms, evenly within strata
    #[command(
        after_help = "The same name and accounts give the same file; shares are relative.\n\nExample:\n  \
        kenko assign guided_start --arm control --arm treatment --by segment,region > arms.csv"
    )]
    Assign(AssignArgs),
    /// Explain one account: score and what it is made of, what changed and why, signals that
    /// disagree, risk, people, next step
    #[command(
        after_help = "Examples:\n  kenko explain A00012\n  kenko explain A00012 --language ja"
    )]
    Explain(ExplainArgs),
    /// Print the frozen reference of health, for `health.reference` of the pipeline
    #[command(
        after_help = "Where the accounts of each segment stand in a measure, from what is \
        published. Paste it into the pipeline; no run changes it.\n\nExample:\n  kenko reference \
        --measure engagement"
    )]
    Reference(ReferenceArgs),
    /// Draw a funnel, or the journeys of an account, in the terminal
    #[command(
        after_help = "Bars are plain ASCII where the output is no terminal.\n\nExamples:\n  kenko \
        show funnel acquisition --by segment\n  kenko show journey A000010 --language ja"
    )]
    Show(ShowArgs),
    /// Run one SELECT over the published tables
    #[command(
        after_help = "Example:\n  kenko query \"select tier, count(*) as accounts from \
        account_health group by tier order by tier\""
    )]
    Query(QueryArgs),
    /// Show the tables: names, grains, columns
    #[command(after_help = "Examples:\n  kenko tables\n  kenko tables account_health")]
    Tables(TablesArgs),
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Folder to write into; made when missing, files that are there are kept
    #[arg(default_value = ".")]
    pub folder: String,
}

/// Arguments of `sample`.
#[derive(Debug, Args)]
pub struct SampleArgs {
    /// Number of accounts
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub accounts: u32,
    /// Days of history
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(30..=3660))]
    pub days: u32,
    /// The same seed gives the same bytes
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Last day of the history
    #[arg(long, default_value = "2026-06-30", value_name = "DATE")]
    pub until: String,
    /// About how many events in all [default: about 2.5 a day and account]
    #[arg(long)]
    pub events: Option<u64>,
    /// What it follows from that a customer leaves
    #[arg(long, value_enum, default_value_t = WorldArg::Hidden)]
    pub world: WorldArg,
    /// Every how many days the truth is written [default: every day, weekly for large companies]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=365))]
    pub truth_every: Option<u32>,
    /// Points of ten by which people answer higher after a task about them was done
    #[arg(long, default_value_t = 0.0, value_name = "POINTS")]
    pub play_effect: f64,
    /// Folder to write into
    #[arg(long, value_name = "DIR")]
    pub to: String,
    /// Threads to use [default: all]
    #[arg(long)]
    pub threads: Option<usize>,
}

/// What it follows from that a simulated customer leaves.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum WorldArg {
    /// A hidden state, of which the extracts show only signs
    Hidden,
    /// What the extracts show: open tickets, renewal and tenure
    Observable,
    /// Nothing: everybody leaves with the same hazard
    Chance,
}

/// Which pipeline, and for which day.
#[derive(Debug, Args)]
pub struct PipelineArgs {
    /// The pipeline file
    pub pipeline: String,
    /// Business day in the pipeline's zone [default: yesterday, or the last day of
    /// the extracts if that is earlier]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Where to publish, in place of the pipeline's `output`
    #[arg(long, value_name = "LOCATION")]
    pub output: Option<String>,
    /// Build only these models and what they need: `name`, `+name`, `name+`, `+name+`
    #[arg(long, value_name = "MODEL", num_args = 1..)]
    pub select: Vec<String>,
}

/// How much of the machine to use.
#[derive(Debug, Args)]
pub struct MachineArgs {
    /// Threads to use [default: all]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Memory that the process stays within, for example 4GiB or 800MiB: what does not fit goes to
    /// disk, and a run that needs more all the same ends and says so
    #[arg(long, default_value = "4GiB")]
    pub memory: String,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Which pipeline, for which day.
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// Plan as if no result of an earlier run were stored
    #[arg(long)]
    pub full: bool,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Which pipeline, for which day.
    #[command(flatten)]
    pub pipeline: PipelineArgs,
    /// How much of the machine to use.
    #[command(flatten)]
    pub machine: MachineArgs,
    /// Compute everything anew, whatever results of earlier runs are stored
    #[arg(long)]
    pub full: bool,
}

/// Arguments of `backfill`.
#[derive(Debug, Args)]
pub struct BackfillArgs {
    /// The pipeline file
    pub pipeline: String,
    /// First business day
    #[arg(long, value_name = "DATE")]
    pub from: String,
    /// Last business day; it must be over
    #[arg(long, value_name = "DATE")]
    pub to: String,
    /// Compute everything of every day, whatever is stored
    #[arg(long)]
    pub full: bool,
    /// Where to publish, in place of the pipeline's `output`
    #[arg(long, value_name = "LOCATION")]
    pub output: Option<String>,
    /// How much of the machine to use.
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// Arguments of `train`.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// The pipeline file
    pub pipeline: String,
    /// The business day up to which is learned: like that of `run`
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Where models are kept, in place of the pipeline's `output`
    #[arg(long, value_name = "LOCATION")]
    pub output: Option<String>,
    /// Compute every month-end anew, whatever is stored
    #[arg(long)]
    pub full: bool,
    /// How much of the machine to use.
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// Arguments of `schedule`.
#[derive(Debug, Args)]
pub struct ScheduleArgs {
    /// Folder with the pipeline files
    pub folder: String,
    /// Run what is due and end, in place of waiting for the next firing
    #[arg(long)]
    pub once: bool,
    /// Show every pipeline with what is due, and run nothing
    #[arg(long, conflicts_with = "once")]
    pub list: bool,
    /// Take what was due at this instant: RFC 3339 with an offset, or @ and seconds since 1970
    /// [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
    /// Catch up at most this many missed days of a pipeline
    #[arg(long, value_name = "DAYS", default_value_t = 31, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub catch_up_limit: u16,
    /// Local folder of the locks by which several schedulers keep out of each other's way
    /// [default: .kenko in the folder]
    #[arg(long, value_name = "DIR")]
    pub locks: Option<std::path::PathBuf>,
    /// How much of the machine each run may use.
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The pipeline file
    pub pipeline: String,
    /// Business day whose results are looked at [default: as for a run]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Where it publishes, in place of the pipeline's `output`
    #[arg(long, value_name = "LOCATION")]
    pub output: Option<String>,
    /// At most so many results
    #[arg(long, default_value_t = 20)]
    pub sample: usize,
    /// How much of the machine to use.
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// Arguments of `backtest`.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// The pipeline file
    pub pipeline: String,
    /// The newest day that is known [default: as for a run]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<String>,
    /// Where it publishes, in place of the pipeline's `output`
    #[arg(long, value_name = "LOCATION")]
    pub output: Option<String>,
    /// Compute everything anew, whatever results are stored
    #[arg(long)]
    pub full: bool,
    /// How much of the machine to use.
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// Arguments of `prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// Where the pipeline publishes
    #[command(flatten)]
    pub published: PublishedArgs,
    /// Only what was last written so many days ago: younger files may belong to
    /// a run that is under way
    #[arg(long, default_value_t = 7, value_name = "DAYS")]
    pub older_than: u32,
    /// So many of the newest commits keep their stored results
    #[arg(long, default_value_t = 7, value_name = "COMMITS")]
    pub keep_results: usize,
    /// Only show what would be removed
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The pipeline file
    pub pipeline: String,
}

/// Where the published tables are.
#[derive(Debug, Args)]
pub struct PublishedArgs {
    /// Where the pipeline publishes
    #[arg(long, default_value = "out", value_name = "LOCATION")]
    pub output: String,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Which list
    #[arg(value_enum)]
    pub list: ListName,
    /// Only rows of this owner
    #[arg(long)]
    pub owner: Option<String>,
    /// Only accounts of this segment
    #[arg(long)]
    pub segment: Option<String>,
    /// Only accounts of this tier of risk: low, medium or high
    #[arg(long)]
    pub tier: Option<String>,
    /// At most this many rows
    #[arg(long)]
    pub limit: Option<usize>,
    /// Also rows that wait for room, are kept out, or are done
    #[arg(long)]
    pub all: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Language of headings, reasons and, in tables and sheets, of words for codes
    #[arg(long, value_enum, default_value_t = TextLanguage::En)]
    pub language: TextLanguage,
    /// Begin CSV with a byte order mark, so that a double click opens it as UTF-8
    #[arg(long)]
    pub bom: bool,
    /// Where the published tables are.
    #[command(flatten)]
    pub published: PublishedArgs,
}

/// The lists for people.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ListName {
    /// Accounts at risk, most urgent first.
    Risk,
    /// What healthy customers could use beyond what they have.
    Expansion,
    /// Promoters whom others listen to.
    Advocate,
    /// Accounts that stall in a stage.
    Nurture,
    /// Whom to ask next, and about what.
    SurveySend,
    /// Which content to show to whom.
    NextBestAction,
    /// What somebody must hear of at once.
    Alert,
    /// Open tasks of all kinds.
    Task,
    /// What to add, change and remove in the CRM.
    TaskDiff,
    /// Whether things went better after a task.
    LoopOutcome,
    /// The measures that a company steers by, side by side.
    Kpi,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people.
    Table,
    /// Comma-separated values, safe to open in a spreadsheet.
    Csv,
    /// A workbook on standard output.
    Xlsx,
    /// One JSON array of objects.
    Json,
    /// A Parquet file on standard output.
    Parquet,
}

/// Arguments of `assign`.
#[derive(Debug, Args)]
pub struct AssignArgs {
    /// Name of the experiment; another name deals anew
    pub experiment: String,
    /// An arm, or `arm=share`; repeat for each
    #[arg(long = "arm", value_name = "ARM", required = true)]
    pub arms: Vec<String>,
    /// Attributes of the accounts to spread evenly: segment, industry, region, country,
    /// `owner_id`
    #[arg(long, value_name = "ATTRIBUTE", value_delimiter = ',')]
    pub by: Vec<String>,
    /// Take every account, in place of customers only
    #[arg(long)]
    pub everybody: bool,
    /// CSV file of an earlier run for this experiment: who is in it stays in its arm
    #[arg(long, value_name = "FILE")]
    pub earlier: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub format: Format,
    /// Where the published tables are.
    #[command(flatten)]
    pub published: PublishedArgs,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Account id, or its exact name
    pub account: String,
    /// Language of headings and sentences
    #[arg(long, value_enum, default_value_t = TextLanguage::En)]
    pub language: TextLanguage,
    /// Where the published tables are.
    #[command(flatten)]
    pub published: PublishedArgs,
}

/// Arguments of `reference`.
#[derive(Debug, Args)]
pub struct ReferenceArgs {
    /// A measure to freeze; those compared with their segment already when left out
    #[arg(long)]
    pub measure: Vec<String>,
    /// Where the published tables are.
    #[command(flatten)]
    pub published: PublishedArgs,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// What to draw
    #[arg(value_enum)]
    pub what: ShowWhat,
    /// Name of the funnel; or the account's id, or its exact name
    pub name: String,
    /// Of a funnel: one picture for each value of this dimension
    #[arg(long, value_name = "DIMENSION", default_value = "all")]
    pub by: String,
    /// Of a journey: at most so many of the newest stays
    #[arg(long, value_name = "STAYS", default_value_t = 12)]
    pub limit: usize,
    /// Language of headings and sentences
    #[arg(long, value_enum, default_value_t = TextLanguage::En)]
    pub language: TextLanguage,
    /// Where the published tables are.
    #[command(flatten)]
    pub published: PublishedArgs,
}

/// What can be drawn.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ShowWhat {
    /// The steps of a funnel as bars.
    Funnel,
    /// The stages of an account as a timeline.
    Journey,
}

/// Language of a picture.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TextLanguage {
    /// English.
    En,
    /// Japanese.
    Ja,
}

/// Arguments of `query`.
#[derive(Debug, Args)]
pub struct QueryArgs {
    /// One SELECT
    pub sql: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Where the published tables are.
    #[command(flatten)]
    pub published: PublishedArgs,
    /// How much of the machine to use.
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// Arguments of `tables`.
#[derive(Debug, Args)]
pub struct TablesArgs {
    /// Show only this table, with its columns
    pub table: Option<String>,
}
