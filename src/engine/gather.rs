//! Pieces of a column put together.
//!
//! A column of text views refers to the buffers that its texts lie in, and pieces put
//! together refer to those of every piece. Whatever is made of such a column carries
//! the whole list: rows that were sorted and then put together again and again came
//! to thousands of buffers a batch. So the texts are copied into one buffer before
//! there are many. Texts within lists are left as they are.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::Buffer;
use arrow::compute::concat;
use arrow::datatypes::DataType;
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
    Ok(match column.data_type() {
        DataType::Utf8View => {
            let texts = column.as_string_view();
            if texts.data_buffers().len() > BUFFERS {
                Arc::new(texts.gc())
            } else {
                column
            }
        }
        DataType::BinaryView => {
            let bytes = column.as_binary_view();
            if bytes.data_buffers().len() > BUFFERS {
                Arc::new(bytes.gc())
            } else {
                column
            }
        }
        _ => column,
    })
}

/// The bytes of the texts that a column of views refers to, as often as it does, and
/// of the buffers that they lie in.
pub(super) fn referred(column: &dyn Array) -> Option<(usize, &[Buffer])> {
    match column.data_type() {
        DataType::Utf8View => {
            let texts = column.as_string_view();
            Some((texts.total_buffer_bytes_used(), texts.data_buffers()))
        }
        DataType::BinaryView => {
            let bytes = column.as_binary_view();
            Some((bytes.total_buffer_bytes_used(), bytes.data_buffers()))
        }
        _ => None,
    }
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

    #[test]
    fn texts_within_a_view_lie_in_no_buffer() {
        let texts = StringViewArray::from(vec![Some("short"), None, Some("thirteen char")]);
        let (bytes, buffers) = referred(&texts).unwrap();
        assert_eq!((bytes, buffers.len()), (13, 1));
    }
}
