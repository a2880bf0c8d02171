//! What people and machines see while a run works.
//!
//! On a terminal: a bar with the model at work. Otherwise: one JSON object a
//! line on standard error, so that a scheduler's log can be searched. Standard
//! output stays free for data.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tracing::{error, info, warn};
use tracing_subscriber::fmt::format::FmtSpan;

use super::printer::Printer;
use crate::error::Error;
use crate::run::{Event, Notice, Observer};

/// Sends log lines to standard error as JSON when nobody is watching.
pub(crate) fn install_log(printer: Printer) {
    if printer.is_watched() {
        return;
    }
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_span_events(FmtSpan::NONE)
        .with_max_level(tracing::Level::INFO)
        .with_target(false)
        .flatten_event(true)
        .with_writer(std::io::stderr)
        .finish();
    // A second installation in one process changes nothing that matters.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Prints an error: the one place that does.
pub(crate) fn report_error(printer: Printer, failure: &Error) {
    if printer.is_watched() {
        printer.note(&failure.render());
        return;
    }
    let text = failure.render();
    let code = failure.kind().exit_code();
    error!(exit_code = code, kind = ?failure.kind(), "{text}");
}

/// Tells people a sentence.
pub(crate) fn tell(printer: Printer, text: &str) {
    if printer.is_watched() {
        printer.note(text);
    } else {
        info!("{text}");
    }
}

/// Tells people what the scheduler says.
pub(crate) fn notice(printer: Printer, notice: &Notice) {
    let Notice {
        file,
        as_of,
        exit_code,
        is_warning,
        text,
    } = notice;
    if printer.is_watched() {
        let prefix = if file.is_empty() { "" } else { ": " };
        printer.note(&format!("{file}{prefix}{text}"));
        return;
    }
    let file = Some(file).filter(|file| !file.is_empty());
    if *is_warning {
        warn!(file, as_of, exit_code, "{text}");
    } else {
        info!(file, as_of, exit_code, "{text}");
    }
}

/// The watcher that fits where standard error goes.
pub(crate) fn observer(printer: Printer) -> Box<dyn Observer> {
    if printer.is_watched() {
        Box::new(Bar::new(printer))
    } else {
        Box::new(Lines)
    }
}

/// A bar for work that is counted; hidden when nobody is watching.
pub(crate) fn steps(printer: Printer) -> ProgressBar {
    if !printer.is_watched() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    bar.set_style(style());
    bar
}

fn style() -> ProgressStyle {
    let template = "{elapsed:>5} {prefix}{bar:24} {pos}/{len} {wide_msg}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A bar on a terminal.
struct Bar {
    printer: Printer,
    line: ProgressBar,
    working: Mutex<Vec<String>>,
}

impl Bar {
    fn new(printer: Printer) -> Self {
        let bar = ProgressBar::no_length();
        bar.set_style(style());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            printer,
            line: bar,
            working: Mutex::new(Vec::new()),
        }
    }

    fn show(&self, change: impl FnOnce(&mut Vec<String>)) {
        if let Ok(mut working) = self.working.lock() {
            change(&mut working);
            self.line.set_message(working.join(", "));
        }
    }
}

impl Observer for Bar {
    fn observe(&self, event: Event<'_>) {
        match event {
            Event::Day { number, of, as_of } => {
                self.line.reset();
                self.line
                    .set_prefix(format!("day {number} of {of}, {as_of} "));
            }
            Event::Frozen {
                sources,
                files,
                bytes,
            } => {
                let size = indicatif::HumanBytes(bytes);
                self.line
                    .set_message(format!("{sources} extracts, {files} files, {size}"));
            }
            Event::Registered { quarantined: 0 } => {}
            Event::Registered { quarantined } => {
                self.line.suspend(|| {
                    self.printer.note(&format!(
                        "{quarantined} rows were set aside, see data_quality"
                    ));
                });
            }
            Event::Planned { models, days, .. } => {
                self.line.set_length((models + days) as u64);
            }
            Event::Days { done, total } => {
                self.line.set_position(done as u64);
                self.line.set_message(format!("day {done} of {total}"));
            }
            Event::Started { model } => self.show(|working| working.push(model.to_owned())),
            Event::Built { model, .. } => {
                self.line.inc(1);
                self.show(|working| working.retain(|name| name != model));
            }
            Event::Checked { check, .. } => {
                self.line.inc(1);
                self.line.set_message(format!("check {check}"));
            }
            Event::Publishing { tables } => {
                self.line.set_message(format!("publishing {tables} tables"));
            }
            Event::Warning(text) => self
                .line
                .suspend(|| self.printer.note(&format!("warning: {text}"))),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}

/// JSON lines.
struct Lines;

impl Observer for Lines {
    fn observe(&self, event: Event<'_>) {
        match event {
            Event::Day { number, of, as_of } => info!(as_of, "day {number} of {of}"),
            Event::Frozen {
                sources,
                files,
                bytes,
            } => info!(sources, files, bytes, "extracts frozen"),
            Event::Registered { quarantined } => info!(quarantined, "extracts registered"),
            Event::Planned {
                models,
                reused,
                days,
            } => info!(models, reused, days, "planned"),
            Event::Days { done, total } => info!(done, total, "days built"),
            Event::Started { .. } => {}
            Event::Built {
                model,
                rows,
                is_reused,
                seconds,
            } => info!(model, rows, is_reused, seconds, "built"),
            Event::Checked { check, rows_failed } => info!(check, rows_failed, "checked"),
            Event::Publishing { tables } => info!(tables, "publishing"),
            Event::Warning(text) => warn!("{text}"),
        }
    }
}
