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
        /// Models and checks that are wanted.
        models: usize,
        /// Those of them that are taken from the store.
        reused: usize,
        /// Days to compute of models that are built by day.
        days: usize,
    },
    /// Some days of the models that are built by day are stored.
    Days {
        /// So far.
        done: usize,
        /// In all.
        total: usize,
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
        /// Its rows; `None` for a view, and where nobody counted.
        rows: Option<u64>,
        /// Whether it was taken from the store.
        is_reused: bool,
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
