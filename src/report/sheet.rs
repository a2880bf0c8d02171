//! Rows as comma-separated values that people open in a spreadsheet.
//!
//! No cell is run as a formula (CWE-1236): a text that a spreadsheet would take for one
//! gets a leading apostrophe. Numbers stay numbers and dates dates. Nothing here chooses
//! rows or columns; workbooks are another file's.

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::heading::heading;
use crate::config::Language;
use crate::error::{Error, Result};

/// What a file that is opened by a double click must begin with to be read as UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

fn failed(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::bug("rows cannot be rendered").with_source(cause)
}

/// `batch` as comma-separated values, with headings in `language`.
///
/// # Errors
/// A bug if Arrow cannot render one of its own arrays.
pub fn csv(batch: &RecordBatch, language: Language, is_marked: bool) -> Result<Vec<u8>> {
    let options = FormatOptions::default().with_display_error(false);
    let formatters = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).map_err(failed))
        .collect::<Result<Vec<_>>>()?;
    let begin = if is_marked {
        BYTE_ORDER_MARK.to_vec()
    } else {
        Vec::new()
    };
    let mut writer = csv::Writer::from_writer(begin);
    let schema = batch.schema();
    let fields = schema.fields().iter();
    writer
        .write_record(fields.map(|field| heading(field.name(), language)))
        .map_err(failed)?;
    for row in 0..batch.num_rows() {
        let cells = batch
            .columns()
            .iter()
            .zip(&formatters)
            .map(|(column, formatter)| {
                if column.is_null(row) {
                    return Ok(String::new());
                }
                let cell = formatter.value(row).try_to_string().map_err(failed)?;
                Ok(if column.data_type().is_numeric() {
                    cell
                } else {
                    without_formula(cell)
                })
            })
            .collect::<Result<Vec<_>>>()?;
        writer.write_record(cells).map_err(failed)?;
    }
    writer
        .into_inner()
        .map_err(|cause| failed(cause.into_error()))
}

fn without_formula(cell: String) -> String {
    let starts_formula = [
        '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ];
    if cell.starts_with(starts_formula) {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Decimal128Array, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    const FORMULAS: [&str; 8] = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\u{ff1d}1",
        "=HYPERLINK(\"https://example.com\")",
    ];

    fn batch() -> RecordBatch {
        let schema = Schema::new(vec![
            Field::new("why", DataType::Utf8, true),
            Field::new("rank", DataType::Int64, true),
            Field::new("amount", DataType::Decimal128(38, 4), true),
            Field::new("due_on", DataType::Date32, true),
        ]);
        let rows = FORMULAS.len();
        let amounts = Decimal128Array::from(vec![Some(-12_345_000_i128); rows])
            .with_precision_and_scale(38, 4)
            .unwrap();
        RecordBatch::try_new(
            Arc::new(schema),
            vec![
                Arc::new(StringArray::from(FORMULAS.to_vec())),
                Arc::new(Int64Array::from(vec![Some(-2); rows])),
                Arc::new(amounts),
                Arc::new(Date32Array::from(vec![Some(20_634); rows])),
            ],
        )
        .unwrap()
    }

    #[test]
    fn csv_disarms_every_formula_and_keeps_numbers_and_dates() {
        let text = String::from_utf8(csv(&batch(), Language::En, false).unwrap()).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<_> = reader.records().map(std::result::Result::unwrap).collect();
        assert_eq!(rows.len(), FORMULAS.len());
        for (row, formula) in rows.iter().zip(FORMULAS) {
            assert_eq!(row[0], format!("'{formula}"));
            assert_eq!(
                [&row[1], &row[2], &row[3]],
                ["-2", "-1234.5000", "2026-06-30"]
            );
        }
    }

    #[test]
    fn csv_is_marked_on_request_and_speaks_japanese() {
        let bytes = csv(&batch(), Language::Ja, true).unwrap();
        assert_eq!(bytes[..3], BYTE_ORDER_MARK);
        let text = String::from_utf8(bytes[3..].to_vec()).unwrap();
        assert!(text.starts_with("理由,順位,金額,期限\n"), "{text}");
    }
}
