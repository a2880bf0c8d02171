//! Pieces of a column put together.
//!
//! A column of text views refers to the buffers that its texts lie in, and pieces put
//! together refer to those of every piece. Whatever is made of such a column carries
//! the whole list: rows that were sorted and then put together again and again came
//! to thousands of buffers a batch. So the texts are copied into one buffer before
//! there are many. Texts within lists are left as they are.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::concat;
use datafusion::error::Result;

/// More buffers than this are made one.
const BUFFERS: usize = 16;

/// The rows of all `parts`, of which there is at least one, as one column.
///
/// # Errors
/// Parts of different types; more text than one column can hold.
pub(super) fn gathered(parts: &[ArrayRef]) -> Result<ArrayRef> {
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let column = concat(&parts)?;
    Ok(match column.as_string_view_opt() {
        Some(texts) if texts.data_buffers().len() > BUFFERS => Arc::new(texts.gc()),
        _ => column,
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::StringViewArray;

    use super::*;

    fn pieces(number: usize) -> Vec<ArrayRef> {
        let piece = |piece: usize| {
            let texts = [
                Some(format!("the first text of piece {piece}")),
                None,
                Some("short".to_owned()),
            ];
            Arc::new(StringViewArray::from_iter(texts)) as ArrayRef
        };
        (0..number).map(piece).collect()
    }

    #[test]
    fn many_pieces_have_few_buffers_and_the_same_texts() {
        for number in [1, 2, BUFFERS, BUFFERS + 1, 100] {
            let parts = pieces(number);
            let whole = gathered(&parts).unwrap();
            let whole = whole.as_string_view();
            assert!(whole.data_buffers().len() <= BUFFERS, "{number} pieces");
            let before = parts.iter().flat_map(|part| part.as_string_view().iter());
            assert!(whole.iter().eq(before), "{number} pieces");
        }
    }

    #[test]
    fn what_is_put_together_again_and_again_keeps_few_buffers() {
        let mut column = pieces(1).remove(0);
        for _ in 0..20 {
            let half = column.len().div_ceil(2);
            let halves = [
                column.slice(0, half),
                column.slice(half, column.len() - half),
            ];
            column = gathered(&halves).unwrap();
        }
        assert!(column.as_string_view().data_buffers().len() <= BUFFERS);
    }
}
