//! What a run tells while it works.
//!
//! The run says what happens; whoever watches decides how to show it. Nothing
//! here prints, and no result depends on what is observed.

/// Something that happened in a run.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// One of several days begins.
    Day {
        /// Its number, from 1.
        number: usize,
        /// How many days there are.
        of: usize,
        /// The business day.
        as_of: &'a str,
    },
    /// The extracts are listed and checked.
    Frozen {
        /// Extracts that the pipeline declares.
        sources: usize,
        /// Files of all of them.
        files: usize,
        /// Bytes of all of them.
        bytes: u64,
    },
    /// The extracts are registered and their bad rows set aside.
    Registered {
        /// Rows set aside with a reason.
        quarantined: u64,
    },
    /// The order of work is known.
    Planned {
        /// Models that will be built.
        models: usize,
    },
    /// A model begins.
    Started {
        /// Its name.
        model: &'a str,
    },
    /// A model is built.
    Built {
        /// Its name.
        model: &'a str,
        /// Its rows; `None` for a view.
        rows: Option<u64>,
        /// Seconds it took.
        seconds: f64,
    },
    /// A check ran.
    Checked {
        /// Its name.
        check: &'a str,
        /// Rows that it found wrong.
        rows_failed: u64,
    },
    /// The tables are being published.
    Publishing {
        /// How many.
        tables: usize,
    },
    /// Something a person should know, which stops nothing.
    Warning(&'a str),
}

/// Watches a run.
pub trait Observer: Send + Sync {
    /// Called for each event, from any thread.
    fn observe(&self, event: Event<'_>);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&self, _event: Event<'_>) {}
}
