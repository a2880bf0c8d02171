//! Rows as a table for people, CSV, XLSX, JSON or Parquet.
//!
//! Files for spreadsheets are those of `report`. Nothing here chooses columns.

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use arrow::json::WriterBuilder;
use arrow::json::writer::JsonArray;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent, presets};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::args::Format;
use crate::config::Language;
use crate::error::{Error, Result};
use crate::report;

/// The bytes that `batch` is printed as.
///
/// # Errors
/// A bug if Arrow cannot render one of its own arrays.
pub(crate) fn render(batch: &RecordBatch, format: Format) -> Result<Vec<u8>> {
    match format {
        Format::Table => table(batch).map(|table| format!("{table}\n").into_bytes()),
        Format::Csv => report::csv(batch, Language::En, false),
        Format::Xlsx => report::xlsx(batch, "rows", Language::En),
        Format::Json => json(batch),
        Format::Parquet => parquet(batch),
    }
}

fn failed(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::bug("rows cannot be rendered").with_source(cause)
}

fn cells(batch: &RecordBatch) -> Result<Vec<Vec<Option<String>>>> {
    let options = FormatOptions::default().with_display_error(false);
    let formatters = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).map_err(failed))
        .collect::<Result<Vec<_>>>()?;
    (0..batch.num_rows())
        .map(|row| {
            formatters
                .iter()
                .zip(batch.columns())
                .map(|(formatter, column)| {
                    if column.is_null(row) {
                        return Ok(None);
                    }
                    formatter
                        .value(row)
                        .try_to_string()
                        .map(Some)
                        .map_err(failed)
                })
                .collect()
        })
        .collect()
}

fn is_number(kind: &DataType) -> bool {
    kind.is_numeric()
}

fn table(batch: &RecordBatch) -> Result<Table> {
    let mut table = plain_table();
    let schema = batch.schema();
    table.set_header(schema.fields().iter().map(|field| field.name().clone()));
    for row in cells(batch)? {
        table.add_row(
            row.into_iter()
                .map(|cell| printable(&cell.unwrap_or_default())),
        );
    }
    for (position, field) in schema.fields().iter().enumerate() {
        if is_number(field.data_type())
            && let Some(column) = table.column_mut(position)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    Ok(table)
}

/// An empty table in the one style of this program.
pub(crate) fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.remove_style(TableComponent::HorizontalLines);
    table.remove_style(TableComponent::MiddleIntersections);
    table.remove_style(TableComponent::LeftBorderIntersections);
    table.remove_style(TableComponent::RightBorderIntersections);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Control characters, which a terminal would obey, are shown as spaces.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

fn json(batch: &RecordBatch) -> Result<Vec<u8>> {
    let builder = WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = builder.build::<_, JsonArray>(Vec::new());
    writer.write(batch).map_err(failed)?;
    writer.finish().map_err(failed)?;
    let mut bytes = writer.into_inner();
    if bytes.is_empty() {
        bytes.extend_from_slice(b"[]");
    }
    bytes.push(b'\n');
    Ok(bytes)
}

fn parquet(batch: &RecordBatch) -> Result<Vec<u8>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(parquet::basic::ZstdLevel::default()))
        .build();
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).map_err(failed)?;
    writer.write(batch).map_err(failed)?;
    writer.close().map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn batch() -> RecordBatch {
        let schema = Schema::new(vec![
            Field::new("name", DataType::Utf8, true),
            Field::new("points", DataType::Int64, true),
        ]);
        RecordBatch::try_new(
            Arc::new(schema),
            vec![
                Arc::new(StringArray::from(vec![Some("=1+1"), Some("a,b"), None])),
                Arc::new(Int64Array::from(vec![Some(-2), None, Some(3)])),
            ],
        )
        .unwrap()
    }

    fn rendered(format: Format) -> String {
        String::from_utf8(render(&batch(), format).unwrap()).unwrap()
    }

    #[test]
    fn csv_disarms_formulas_and_keeps_numbers() {
        assert_eq!(
            rendered(Format::Csv),
            "name,points\n'=1+1,-2\n\"a,b\",\n,3\n"
        );
    }

    #[test]
    fn json_is_an_array_even_when_there_is_nothing() {
        assert_eq!(
            rendered(Format::Json),
            "[{\"name\":\"=1+1\",\"points\":-2},{\"name\":\"a,b\",\"points\":null},{\"name\":null,\"points\":3}]\n"
        );
        let empty = render(&batch().slice(0, 0), Format::Json).unwrap();
        assert_eq!(empty, b"[]\n");
    }

    #[test]
    fn a_table_shows_no_control_characters() {
        assert_eq!(printable("a\u{1b}[31mb"), "a [31mb");
        assert!(rendered(Format::Table).contains("a,b"));
    }
}
