//! What is learned from: one row for an account at a cutoff.
//!
//! Rows are ordered by cutoff, then account, so that everything computed from
//! them is the same whatever order they came in. Labels are only as good as the
//! day they were looked up on: a row is ripe when its horizon had passed by then.

/// A table of numbers, one row after another; NaN is a value that is not known.
#[derive(Clone, Debug, Default)]
pub struct Values {
    columns: usize,
    cells: Vec<f64>,
}

impl Values {
    /// An empty table of so many columns.
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            cells: Vec::new(),
        }
    }

    /// Adds one row; what it lacks in columns is not known.
    pub fn push(&mut self, row: &[f64]) {
        let known = row.iter().copied().chain(std::iter::repeat(f64::NAN));
        self.cells.extend(known.take(self.columns));
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.cells.len().checked_div(self.columns).unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.cells[row * self.columns..(row + 1) * self.columns]
    }

    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = f64> + '_ {
        self.cells
            .iter()
            .skip(column)
            .step_by(self.columns.max(1))
            .copied()
    }

    pub(super) fn chosen(&self, rows: &[usize]) -> Self {
        let cells = rows.iter().flat_map(|row| self.row(*row)).copied();
        Self {
            columns: self.columns,
            cells: cells.collect(),
        }
    }

    /// Known values of a column, ascending.
    pub(super) fn sorted(&self, column: usize) -> Vec<f64> {
        let mut known: Vec<f64> = self
            .column(column)
            .filter(|value| !value.is_nan())
            .collect();
        known.sort_unstable_by(f64::total_cmp);
        known
    }
}

/// One account at one cutoff.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Number of the account: the same at every cutoff.
    pub account: u32,
    /// The cutoff, days since 1970.
    pub cutoff: i32,
    /// Its first day without paid revenue after the cutoff, if that is known.
    pub churned_on: Option<i32>,
    /// Annual recurring revenue in units of one currency.
    pub revenue: i128,
    /// Number of its segment.
    pub segment: u32,
    /// Log-odds of the scorecard at the cutoff.
    pub scorecard: f64,
}

/// Everything there is to learn from.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    /// Names of the features.
    pub features: Vec<String>,
    /// Names of the segments.
    pub segments: Vec<String>,
    /// The rows, ordered by cutoff and account.
    pub rows: Vec<Example>,
    /// Their features, in the same order.
    pub values: Values,
}

impl Examples {
    /// Whether the account of a row was lost within `horizon` days.
    pub(super) fn label(&self, row: usize, horizon: i32) -> bool {
        let example = &self.rows[row];
        let end = example.cutoff + horizon;
        example.churned_on.is_some_and(|day| day <= end)
    }

    /// The cutoffs, ascending.
    pub fn cutoffs(&self) -> Vec<i32> {
        let mut cutoffs: Vec<i32> = self.rows.iter().map(|row| row.cutoff).collect();
        cutoffs.dedup();
        cutoffs
    }

    /// Rows whose cutoff lies within these bounds.
    pub(super) fn between(&self, first: i32, last: i32) -> Vec<usize> {
        let from = self.rows.partition_point(|row| row.cutoff < first);
        let to = self.rows.partition_point(|row| row.cutoff <= last);
        (from..to).collect()
    }

    /// How many accounts were lost within the horizon of any of these rows.
    pub fn events(&self, horizon: i32) -> usize {
        let rows: Vec<usize> = (0..self.rows.len()).collect();
        self.events_of(&rows, horizon)
    }

    /// Losses among these rows; one loss seen from several cutoffs is one.
    pub(super) fn events_of(&self, rows: &[usize], horizon: i32) -> usize {
        let lost = rows.iter().filter(|row| self.label(**row, horizon));
        let mut lost: Vec<(u32, Option<i32>)> = lost
            .map(|row| (self.rows[*row].account, self.rows[*row].churned_on))
            .collect();
        lost.sort_unstable();
        lost.dedup();
        lost.len()
    }

    /// The rows that were ripe on `day`: their whole horizon had passed.
    #[must_use]
    pub fn ripe(&self, day: i32, horizon: i32) -> Self {
        let ripe = self.rows.partition_point(|row| row.cutoff + horizon <= day);
        Self {
            features: self.features.clone(),
            segments: self.segments.clone(),
            rows: self.rows[..ripe].to_vec(),
            values: Values {
                columns: self.values.columns,
                cells: self.values.cells[..ripe * self.values.columns].to_vec(),
            },
        }
    }
}
