//! Rows as a workbook of one sheet (XLSX, ECMA-376), written by hand: numbers with all
//! their digits, dates as dates, texts as texts that no spreadsheet runs as a formula.
//!
//! The parts are stored in the archive without compression, because lists are short and a
//! compressor would be one more part to carry. There are no formulas, no links and no
//! macros, and the same rows give the same bytes. Nothing here chooses rows or columns.

use std::fmt::Write;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::archive::Archive;
use super::heading::heading;
use crate::config::Language;
use crate::error::{Error, Result};

/// Most characters of a cell.
const LONGEST_CELL: usize = 32_767;
/// Days from the workbook's day 0 to 1970-01-01, right from 1900-03-01 on: before that
/// workbooks count a day that never was.
const DAYS_TO_1970: i64 = 25_569;
/// The first day that workbooks and calendars agree on, as they count.
const FIRST_DAY: i64 = 61;
/// Days beyond the last that a workbook knows, 9999-12-31.
const END_OF_DAYS: i64 = 2_958_466;
const SECONDS_A_DAY: i64 = 86_400;
/// Width of a column of sentences, and of any other.
const WIDTHS: (u32, u32) = (60, 18);
/// Positions in the styles below.
const HEADING: u32 = 1;
const WRAPPED: u32 = 2;
const DATE: u32 = 3;
const INSTANT: u32 = 4;
const AMOUNT: u32 = 5;

const CONTENT_TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
    <Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>\
    <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>\
    <Override PartName=\"/xl/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/>\
    </Types>";
const PACKAGE_RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/>\
    </Relationships>";
const BOOK_RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
    <Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles\" Target=\"styles.xml\"/>\
    </Relationships>";
const STYLES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
    <numFmts count=\"3\"><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/>\
    <numFmt numFmtId=\"165\" formatCode=\"yyyy\\-mm\\-dd hh:mm:ss\"/>\
    <numFmt numFmtId=\"166\" formatCode=\"#,##0.####\"/></numFmts>\
    <fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>\
    <font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>\
    <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill>\
    <fill><patternFill patternType=\"gray125\"/></fill></fills>\
    <borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
    <cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>\
    <cellXfs count=\"6\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>\
    <xf numFmtId=\"0\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\"/>\
    <xf numFmtId=\"49\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyAlignment=\"1\"><alignment vertical=\"top\" wrapText=\"1\"/></xf>\
    <xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
    <xf numFmtId=\"165\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/>\
    <xf numFmtId=\"166\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/></cellXfs>\
    <cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>\
    </styleSheet>";

/// `batch` as a workbook whose sheet is called `name`, with headings in `language`.
///
/// # Errors
/// A bug if Arrow cannot render one of its own arrays.
pub fn xlsx(batch: &RecordBatch, name: &str, language: Language) -> Result<Vec<u8>> {
    let title: String = name.chars().take(31).collect();
    let book = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
         xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">\
         <sheets><sheet name=\"{}\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
        escaped(&title)
    );
    let sheet = sheet(batch, language)?;
    let mut archive = Archive::default();
    for (part, text) in [
        ("[Content_Types].xml", CONTENT_TYPES),
        ("_rels/.rels", PACKAGE_RELATIONS),
        ("xl/workbook.xml", &book),
        ("xl/_rels/workbook.xml.rels", BOOK_RELATIONS),
        ("xl/styles.xml", STYLES),
        ("xl/worksheets/sheet1.xml", &sheet),
    ] {
        archive.add(part, text.as_bytes())?;
    }
    archive.finish()
}

fn sheet(batch: &RecordBatch, language: Language) -> Result<String> {
    let schema = batch.schema();
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
         <sheetViews><sheetView workbookViewId=\"0\">\
         <pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>\
         </sheetView></sheetViews><cols>",
    );
    for (number, field) in (1..).zip(schema.fields()) {
        let is_sentence = matches!(field.name().as_str(), "why" | "next_step");
        let width = if is_sentence { WIDTHS.0 } else { WIDTHS.1 };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "<col min=\"{number}\" max=\"{number}\" width=\"{width}\" customWidth=\"1\"/>"
        );
    }
    text.push_str("</cols><sheetData><row r=\"1\">");
    for field in schema.fields() {
        push_text(&mut text, heading(field.name(), language), HEADING);
    }
    text.push_str("</row>");
    for row in 0..batch.num_rows() {
        let _ = write!(text, "<row r=\"{}\">", row + 2);
        for column in batch.columns() {
            if column.is_valid(row) {
                push_cell(&mut text, column.as_ref(), row)?;
            } else {
                text.push_str("<c/>");
            }
        }
        text.push_str("</row>");
    }
    let _ = write!(
        text,
        "</sheetData><autoFilter ref=\"A1:{}{}\"/></worksheet>",
        letters(batch.num_columns()),
        batch.num_rows() + 1
    );
    Ok(text)
}

/// The name of the column at a place from 1 on: A to Z, AA, AB and so on.
fn letters(place: usize) -> String {
    let mut name = String::new();
    let mut rest = place;
    while rest > 0 {
        let letter = u8::try_from((rest - 1) % 26).unwrap_or_default();
        name.insert(0, char::from(b'A' + letter));
        rest = (rest - 1) / 26;
    }
    name
}

fn push_text(sheet: &mut String, text: &str, style: u32) {
    let text: String = text.chars().take(LONGEST_CELL).collect();
    let _ = write!(
        sheet,
        "<c s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
        escaped(&text)
    );
}

fn push_number(sheet: &mut String, number: &str, style: u32) {
    let _ = write!(sheet, "<c s=\"{style}\"><v>{number}</v></c>");
}

fn push_cell(sheet: &mut String, column: &dyn Array, row: usize) -> Result<()> {
    match column.data_type() {
        DataType::Boolean => {
            let value = u8::from(column.as_boolean().value(row));
            let _ = write!(sheet, "<c t=\"b\"><v>{value}</v></c>");
        }
        DataType::Int64 => {
            let value = column.as_primitive::<Int64Type>().value(row);
            push_number(sheet, &value.to_string(), 0);
        }
        DataType::Float64 => {
            let value = column.as_primitive::<Float64Type>().value(row);
            if value.is_finite() {
                push_number(sheet, &value.to_string(), 0);
            } else {
                push_text(sheet, &value.to_string(), WRAPPED);
            }
        }
        DataType::Decimal128(_, _) => push_number(sheet, &shown(column, row)?, AMOUNT),
        DataType::Date32 => {
            let day = column.as_primitive::<Date32Type>().value(row);
            match day_number(i64::from(day)) {
                Some(number) => push_number(sheet, &number.to_string(), DATE),
                None => push_text(sheet, &shown(column, row)?, WRAPPED),
            }
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let instant = column.as_primitive::<TimestampMicrosecondType>().value(row);
            let seconds = instant.div_euclid(1_000_000);
            match day_number(seconds.div_euclid(SECONDS_A_DAY)) {
                Some(day) => {
                    // a fraction of a day, to the tenth of a microsecond
                    let part = seconds.rem_euclid(SECONDS_A_DAY) * 1_000_000_000_000;
                    let number = format!("{day}.{:012}", part / SECONDS_A_DAY);
                    push_number(sheet, &number, INSTANT);
                }
                None => push_text(sheet, &shown(column, row)?, WRAPPED),
            }
        }
        _ => push_text(sheet, &text_of(column, row)?, WRAPPED),
    }
    Ok(())
}

/// A day as a workbook counts; nothing before March 1900 and after 9999.
fn day_number(days_since_1970: i64) -> Option<i64> {
    let number = days_since_1970 + DAYS_TO_1970;
    (FIRST_DAY..END_OF_DAYS).contains(&number).then_some(number)
}

fn shown(column: &dyn Array, row: usize) -> Result<String> {
    let failed = |cause| Error::bug("rows cannot be rendered").with_source(cause);
    let options = FormatOptions::default().with_display_error(false);
    let formatter = ArrayFormatter::try_new(column, &options).map_err(failed)?;
    formatter.value(row).try_to_string().map_err(failed)
}

/// A text, or the texts of a list one after the other.
fn text_of(column: &dyn Array, row: usize) -> Result<String> {
    let items = column.as_list_opt::<i32>().map(|list| list.value(row));
    match items
        .as_ref()
        .and_then(|items| items.as_string_opt::<i32>())
    {
        Some(texts) => Ok(texts.iter().flatten().collect::<Vec<_>>().join("; ")),
        None => shown(column, row),
    }
}

/// Text as XML holds it; characters that XML does not know are left out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' => safe.push(letter),
            '\r' => safe.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Decimal128Array, StringArray, TimestampMicrosecondArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn batch() -> RecordBatch {
        let schema = Schema::new(vec![
            Field::new("why", DataType::Utf8, true),
            Field::new("amount", DataType::Decimal128(38, 4), true),
            Field::new("due_on", DataType::Date32, true),
            Field::new(
                "at",
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                true,
            ),
        ]);
        let amounts = Decimal128Array::from(vec![Some(-12_345_678_901_234_567_890_000_i128), None])
            .with_precision_and_scale(38, 4)
            .unwrap();
        RecordBatch::try_new(
            Arc::new(schema),
            vec![
                Arc::new(StringArray::from(vec!["=HYPERLINK(\"x\")", "a<b>&\u{1}"])),
                Arc::new(amounts),
                Arc::new(Date32Array::from(vec![Some(20_634), Some(-30_000)])),
                Arc::new(
                    TimestampMicrosecondArray::from(vec![Some(43_200_000_000), None])
                        .with_timezone("UTC"),
                ),
            ],
        )
        .unwrap()
    }

    #[test]
    fn texts_are_texts_numbers_keep_their_digits_and_dates_are_dates() {
        let sheet = sheet(&batch(), Language::Ja).unwrap();
        for part in [
            "<t xml:space=\"preserve\">理由</t>",
            "t=\"inlineStr\"><is><t xml:space=\"preserve\">=HYPERLINK(&quot;x&quot;)</t>",
            "<t xml:space=\"preserve\">a&lt;b&gt;&amp;</t>",
            "<c s=\"5\"><v>-1234567890123456789.0000</v></c>",
            // 2026-06-30 is day 46203 of a workbook
            "<c s=\"3\"><v>46203</v></c>",
            "<c s=\"4\"><v>25569.500000000000</v></c>",
        ] {
            assert!(sheet.contains(part), "{part}\n{sheet}");
        }
        // 1887: a workbook knows no such day
        assert!(sheet.contains("1887-11-12"), "{sheet}");
        assert!(!sheet.contains("<f>"));
    }

    #[test]
    fn rows_can_be_filtered_whatever_their_number_of_columns() {
        let sheet = sheet(&batch(), Language::En).unwrap();
        assert!(sheet.ends_with("</sheetData><autoFilter ref=\"A1:D3\"/></worksheet>"));
        let names = [1, 26, 27, 52, 53, 703].map(letters);
        assert_eq!(names, ["A", "Z", "AA", "AZ", "BA", "AAA"]);
    }

    #[test]
    fn the_same_rows_give_the_same_bytes() {
        let first = xlsx(&batch(), "risk_list", Language::En).unwrap();
        assert_eq!(first, xlsx(&batch(), "risk_list", Language::En).unwrap());
        assert!(first.starts_with(b"PK\x03\x04"));
    }
}
