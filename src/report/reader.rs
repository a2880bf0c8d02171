//! Rows as one reader gets them: sentences in the reader's language, codes in words.
//!
//! A table says its sentences in several columns (`why`, `why_en`, `why_ja`); a reader gets
//! one, under the first name. Codes become words in Japanese only, and not where a program
//! reads them. Which definition made a row is not for readers of lists. Headings are another
//! file's; no row is left out or added.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};

use super::{List, Rows};
use crate::config::{Language, kind_of, word};

/// What a CRM reads, whatever language its people speak.
const FOR_A_PROGRAM: &str = "task_diff";

/// The column that names what a row was made with.
const PROVENANCE: &str = "definition";

/// The rows of `list` for somebody who reads `language`.
#[must_use]
pub fn for_reader(list: &List, rows: &Rows, language: Language) -> Rows {
    let batch = rows.batch();
    let schema = batch.schema();
    let is_in_words = language == Language::Ja && list.table != FOR_A_PROGRAM;
    let suffix = match language {
        Language::En => "_en",
        Language::Ja => "_ja",
    };
    let (mut fields, mut columns): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let name = field.name();
        let base = name
            .strip_suffix("_en")
            .or_else(|| name.strip_suffix("_ja"));
        let is_another = base.is_some_and(|base| schema.column_with_name(base).is_some());
        if is_another || name == PROVENANCE {
            continue;
        }
        let spoken = batch.column_by_name(&format!("{name}{suffix}"));
        let column = spoken.unwrap_or(column);
        let kind = kind_of(name).filter(|_| is_in_words && field.data_type() == &DataType::Utf8);
        columns.push(kind.map_or_else(|| Arc::clone(column), |kind| in_words(column, kind)));
        fields.push(field.as_ref().clone());
    }
    // the columns are as long as they were
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .ok()
        .and_then(|batch| Rows::from_batches(&batch.schema(), &[batch]).ok())
        .unwrap_or_else(|| rows.clone())
}

fn in_words(column: &ArrayRef, kind: &str) -> ArrayRef {
    let codes = column.as_string::<i32>();
    let words: StringArray = codes
        .iter()
        .map(|code| code.map(|code| word(kind, code, Language::Ja).unwrap_or(code)))
        .collect();
    Arc::new(words)
}

#[cfg(test)]
mod tests {
    use super::super::list_named;
    use super::*;

    fn rows() -> Rows {
        let texts = [
            ("status", "listed"),
            ("why", "late"),
            ("why_en", "late"),
            ("why_ja", "遅延"),
            ("reason_en", "alone"),
            ("definition", "0a"),
        ];
        let fields: Vec<Field> = texts
            .iter()
            .map(|text| Field::new(text.0, DataType::Utf8, true))
            .collect();
        let columns = texts
            .iter()
            .map(|text| Arc::new(StringArray::from(vec![Some(text.1), None])) as ArrayRef)
            .collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        Rows::from_batches(&batch.schema(), &[batch]).unwrap()
    }

    #[test]
    fn a_reader_gets_one_language() {
        let risk = list_named("risk").unwrap();
        let japanese = for_reader(risk, &rows(), Language::Ja);
        assert_eq!(japanese.text(0, "why"), Some("遅延"));
        assert_eq!(japanese.text(0, "status"), Some("対応対象"));
        assert_eq!(japanese.text(1, "status"), None);
        assert_eq!(japanese.batch().num_columns(), 3);
        let english = for_reader(risk, &rows(), Language::En);
        assert_eq!(english.text(0, "why"), Some("late"));
        assert_eq!(english.text(0, "status"), Some("listed"));
        assert_eq!(english.text(0, "reason_en"), Some("alone"));
    }

    #[test]
    fn a_program_reads_codes() {
        let changes = list_named("task-diff").unwrap();
        let rows = for_reader(changes, &rows(), Language::Ja);
        assert_eq!(rows.text(0, "status"), Some("listed"));
        assert_eq!(rows.text(0, "why"), Some("遅延"));
    }
}
