//! What an extract must look like: columns, types, keys and when a value is known.
//!
//! The contracts of the tables kenko knows are data, `contracts.yaml`, in the
//! same shape in which a pipeline declares a source of its own. This module
//! only describes; `source` enforces.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use schemars::JsonSchema;
use serde::Deserialize;

use super::ordered::Ordered;
use crate::error::{Error, Result};

/// Digits of every amount of money in an extract.
pub const DECIMAL_PRECISION: u8 = 18;
/// Digits after the point of every amount of money in an extract.
pub const DECIMAL_SCALE: i8 = 4;

const SHIPPED: &str = include_str!("contracts.yaml");

/// The type of a column, as contracts and model headers name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// 64-bit signed integer.
    Integer,
    /// 64-bit float; NaN and infinity are quarantined.
    Float,
    /// True or false.
    Boolean,
    /// A calendar day.
    Date,
    /// An instant, microseconds in UTC.
    Timestamp,
    /// An amount: 18 digits, 4 of them after the point.
    Decimal,
}

impl ColumnType {
    /// The type that Arrow uses for it.
    pub fn arrow_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Decimal => DataType::Decimal128(DECIMAL_PRECISION, DECIMAL_SCALE),
        }
    }

    /// The name that contracts and documentation use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Decimal => "decimal",
        }
    }
}

/// From when on a value of a column is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HiddenAfter {
    /// The value is itself a day or an instant; a later one is not known yet.
    Own,
    /// Known once the day or instant in the named column has come.
    Column(String),
}

/// One column of an extract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name, as in the file.
    pub name: String,
    /// Type that SQL sees.
    pub kind: ColumnType,
    /// Whether a file without the column is refused; otherwise it reads null.
    pub required: bool,
    /// Values from after the as-of date read null.
    pub hidden_after: Option<HiddenAfter>,
    /// Says something about a person: kept out of messages and lists.
    pub personal: bool,
    /// Meaning.
    pub about: String,
}

/// What an extract must look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// What a row is.
    pub about: String,
    /// Columns that are never null; together they name a row.
    pub key: Vec<String>,
    /// The column from whose day or instant on a row is known.
    pub visible_from: Option<String>,
    /// Columns in the order in which SQL sees them.
    pub columns: Vec<Column>,
}

impl Contract {
    /// The schema of the `raw_` table: every column, nullable, in order.
    pub fn schema(&self) -> SchemaRef {
        let fields = self
            .columns
            .iter()
            .map(|column| Field::new(&column.name, column.kind.arrow_type(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    fn validate(&self, table: &str) -> Result<()> {
        let column = |name: &str, role: &str| {
            self.column(name).ok_or_else(|| {
                Error::usage(format!(
                    "source `{table}`: {role} `{name}` is not one of its columns"
                ))
                .with_hint("declare it under `columns:`")
            })
        };
        if self.key.is_empty() {
            return Err(Error::usage(format!("source `{table}` has no `key:`"))
                .with_hint("name the columns that together identify a row"));
        }
        for key in &self.key {
            column(key, "key column")?;
        }
        if let Some(visible) = &self.visible_from {
            dated(table, column(visible, "`visible_from`")?)?;
        }
        for hidden in &self.columns {
            match &hidden.hidden_after {
                None => {}
                Some(HiddenAfter::Own) => dated(table, hidden)?,
                Some(HiddenAfter::Column(other)) => {
                    dated(table, column(other, "`hidden_after`")?)?;
                }
            }
        }
        Ok(())
    }
}

fn dated(table: &str, column: &Column) -> Result<()> {
    match column.kind {
        ColumnType::Date | ColumnType::Timestamp => Ok(()),
        other => Err(Error::usage(format!(
            "source `{table}`: column `{}` is {}, but a date or timestamp is needed to tell what \
             was known when",
            column.name,
            other.name()
        ))),
    }
}

/// The contracts of the tables kenko knows, by name.
///
/// # Errors
/// A bug if the embedded file is not valid; a test reads it.
pub fn shipped() -> Result<BTreeMap<String, Contract>> {
    let parsed: Ordered<ContractText> = serde_saphyr::from_str(SHIPPED).map_err(|cause| {
        Error::bug("the embedded contracts are not valid").with_source(cause.to_string())
    })?;
    parsed
        .0
        .into_iter()
        .map(|(table, text)| Ok((table.clone(), text.contract(&table)?)))
        .collect()
}

/// A contract as YAML writes it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContractText {
    /// What a row is.
    #[serde(default)]
    pub(crate) about: String,
    /// Columns that together identify a row; never null.
    #[serde(default)]
    pub(crate) key: Vec<String>,
    /// The column from whose day or instant on a row is known.
    pub(crate) visible_from: Option<String>,
    /// Columns, in order.
    #[schemars(with = "Option<BTreeMap<String, ColumnText>>")]
    pub(crate) columns: Option<Ordered<ColumnText>>,
}

/// A column as YAML writes it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnText {
    /// Type that SQL sees.
    #[serde(rename = "type")]
    kind: ColumnType,
    /// Whether a file without the column is refused.
    #[serde(default)]
    required: bool,
    /// `self`, or the date column that says when this value becomes known.
    hidden_after: Option<String>,
    /// Says something about a person: kept out of messages.
    #[serde(default)]
    personal: bool,
    /// Meaning.
    #[serde(default)]
    about: String,
}

impl ContractText {
    pub(crate) fn contract(self, table: &str) -> Result<Contract> {
        let columns = self.columns.map(|columns| columns.0).unwrap_or_default();
        let contract = Contract {
            about: self.about,
            key: self.key,
            visible_from: self.visible_from,
            columns: columns
                .into_iter()
                .map(|(name, text)| Column {
                    name,
                    kind: text.kind,
                    required: text.required,
                    hidden_after: text.hidden_after.map(|after| match after.as_str() {
                        "self" => HiddenAfter::Own,
                        _ => HiddenAfter::Column(after),
                    }),
                    personal: text.personal,
                    about: text.about,
                })
                .collect(),
        };
        contract.validate(table)?;
        Ok(contract)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_contracts_are_valid_and_in_order() {
        let contracts = shipped().unwrap();
        assert_eq!(contracts.len(), 21);
        let event = &contracts["event"];
        assert_eq!(event.columns[0].name, "event_id");
        assert_eq!(event.visible_from.as_deref(), Some("occurred_at"));
        let ticket = &contracts["ticket"];
        assert_eq!(
            ticket.column("reopens").unwrap().hidden_after,
            Some(HiddenAfter::Column("resolved_at".to_owned()))
        );
        assert!(contracts.values().all(|contract| {
            contract
                .columns
                .iter()
                .all(|column| !column.about.is_empty())
        }));
    }

    #[test]
    fn a_column_that_tells_when_must_be_a_date() {
        let text: ContractText =
            serde_saphyr::from_str("key: [id]\nvisible_from: id\ncolumns: {id: {type: text}}\n")
                .unwrap();
        let error = text.contract("own").unwrap_err();
        assert!(error.to_string().contains("column `id` is text"));
    }
}
