//! `phrased(text, values, words)`: texts put into a sentence of the pipeline.
//!
//! Values stand under names, so that a sentence says in its own order what it needs. A value
//! is never searched for places: a product that is called `{n}` stays one. Numbers are
//! written by the caller; `in_words` is for sentences that are made of numbers alone.

use std::fmt::Write;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, ListArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::FunctionDoc;
use super::argument::{Texts, columns, refuse, text_type, wrong_count};

pub(super) const DOCUMENTATION: FunctionDoc = FunctionDoc {
    name: "phrased",
    signature: "phrased(text, values list of text[, words list of text]) → text",
    meaning: "The text with every `{name}` replaced by the value after that name in `values`, \
              which holds names and values in turn. Where `words`, which holds `name:value` and \
              a word in turn, has a word for it, the word is taken. A value that is null reads \
              as nothing, a name without a value stays as it is; null where the text is null.",
    source: "",
};

/// Names and what stands under them, in turn.
type Pairs<'a> = Vec<(&'a str, Option<&'a str>)>;

/// Appends `text` with its places filled.
fn fill(
    text: &str,
    values: &Pairs<'_>,
    words: &Pairs<'_>,
    out: &mut impl Write,
) -> std::fmt::Result {
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        out.write_str(&rest[..start])?;
        let after = &rest[start + 1..];
        let place = after.find('}').map(|end| &after[..end]);
        let found = place.and_then(|place| values.iter().find(|value| value.0 == place));
        let Some((name, value)) = found else {
            out.write_str("{")?;
            rest = after;
            continue;
        };
        let value = value.unwrap_or_default();
        let word = words.iter().find(|(known, _)| {
            let code = known.strip_prefix(name);
            code.and_then(|code| code.strip_prefix(':')) == Some(value)
        });
        out.write_str(word.and_then(|word| word.1).unwrap_or(value))?;
        rest = &after[name.len() + 1..];
    }
    out.write_str(rest)
}

fn pairs(list: Option<&ListArray>, row: usize) -> Pairs<'_> {
    let Some(list) = list.filter(|list| list.is_valid(row)) else {
        return Vec::new();
    };
    let texts = list.values().as_string::<i32>();
    let bounds = &list.value_offsets()[row..=row + 1];
    let items: Vec<usize> = (bounds[0]..bounds[1])
        .filter_map(|item| usize::try_from(item).ok())
        .collect();
    let text = |item: usize| texts.is_valid(item).then(|| texts.value(item));
    items
        .chunks_exact(2)
        .filter_map(|pair| Some((text(pair[0])?, text(pair[1]))))
        .collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Phrased {
    signature: Signature,
}

impl Phrased {
    pub(super) fn new() -> Self {
        Self {
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Phrased {
    fn name(&self) -> &'static str {
        DOCUMENTATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let (Some((text, lists)), 2..=3) = (given.split_first(), given.len()) else {
            return wrong_count(DOCUMENTATION.signature, given.len());
        };
        let mut types = vec![text_type(self.name(), text)?];
        for list in lists {
            if !matches!(list, DataType::List(_) | DataType::Null) {
                return plan_err!("{} needs a list of texts, not {list}", self.name());
            }
            types.push(DataType::List(Arc::new(Field::new_list_field(
                DataType::Utf8,
                true,
            ))));
        }
        Ok(types)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let arrays = columns(&arguments)?;
        let texts = Texts::of(&arrays[0])?;
        let values = arrays[1].as_list::<i32>();
        let words = arrays.get(2).map(AsArray::as_list::<i32>);
        let mut built = StringBuilder::new();
        for row in 0..rows {
            let Some(text) = texts.get(row) else {
                built.append_null();
                continue;
            };
            fill(
                text,
                &pairs(Some(values), row),
                &pairs(words, row),
                &mut built,
            )
            .map_err(|cause| refuse(cause.to_string()))?;
            built.append_value("");
        }
        Ok(ColumnarValue::Array(Arc::new(built.finish())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, values: &[(&str, Option<&str>)], words: &[(&str, &str)]) -> String {
        let words = words.iter().map(|(name, word)| (*name, Some(*word)));
        let mut out = String::new();
        fill(text, &values.to_vec(), &words.collect(), &mut out).unwrap();
        out
    }

    #[test]
    fn places_take_values_and_words() {
        let values = [("role", Some("user")), ("who", Some("{role}")), ("n", None)];
        let words = [("role:user", "利用者"), ("who:user", "wrong")];
        assert_eq!(
            filled("{who}: {role}{n}", &values, &words),
            "{role}: 利用者"
        );
        assert_eq!(filled("{who}: {role}", &values, &[]), "{role}: user");
        assert_eq!(
            filled("{other} {} {role", &values, &words),
            "{other} {} {role"
        );
        assert_eq!(filled("", &values, &words), "");
    }
}
