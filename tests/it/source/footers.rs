//! Footers that lie. Each file is a sound one whose footer was rewritten.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::{
    ColumnChunkMetaDataBuilder, FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataReader,
    ParquetMetaDataWriter, RowGroupMetaData,
};

use super::files::refuse_all;
use super::{Night, accounts, assert_refused, texts};

/// Everything before the footer, and the footer.
fn taken_apart(bytes: &[u8]) -> (&[u8], ParquetMetaData) {
    let end = bytes.len() - 8;
    let length = u32::from_le_bytes(bytes[end..end + 4].try_into().unwrap());
    let start = end - length as usize;
    let metadata = ParquetMetaDataReader::decode_metadata(&bytes[start..end]).unwrap();
    (&bytes[..start], metadata)
}

fn put_together(data: &[u8], metadata: &ParquetMetaData) -> Vec<u8> {
    let mut bytes = data.to_vec();
    ParquetMetaDataWriter::new(&mut bytes, metadata)
        .finish()
        .unwrap();
    bytes
}

/// The account file with another number of rows in its row group, and so in
/// all.
fn with_rows(rows: i64) -> Vec<u8> {
    let bytes = accounts();
    let (data, metadata) = taken_apart(&bytes);
    let group = metadata.row_group(0).clone().into_builder();
    let group = group.set_num_rows(rows).build().unwrap();
    put_together(
        data,
        &ParquetMetaData::new(described(&metadata, rows, None), vec![group]),
    )
}

/// The account file with 900 rows in all and 500 in its row group; the writer
/// would not write that.
fn with_file_rows() -> Vec<u8> {
    let mut bytes = accounts();
    // Field 3 of the file's description, 500, before the list of row groups.
    let written = [0x16, 0xe8, 0x07, 0x19];
    let at = bytes
        .windows(4)
        .rposition(|window| window == written)
        .unwrap();
    bytes[at + 1..at + 3].copy_from_slice(&[0x88, 0x0e]);
    bytes
}

fn described(metadata: &ParquetMetaData, rows: i64, values: Option<Vec<KeyValue>>) -> FileMetaData {
    let file = metadata.file_metadata();
    FileMetaData::new(
        file.version(),
        rows,
        None,
        values.or_else(|| file.key_value_metadata().cloned()),
        file.schema_descr_ptr(),
        file.column_orders().cloned(),
    )
}

/// The account file with another first column chunk.
fn with_chunk(
    change: impl Fn(ColumnChunkMetaDataBuilder) -> ColumnChunkMetaDataBuilder,
) -> Vec<u8> {
    let bytes = accounts();
    let (data, metadata) = taken_apart(&bytes);
    let group = metadata.row_group(0).clone();
    let mut columns = group.columns().to_vec();
    columns[0] = change(columns[0].clone().into_builder()).build().unwrap();
    let group = group
        .into_builder()
        .set_column_metadata(columns)
        .build()
        .unwrap();
    let rows = metadata.file_metadata().num_rows();
    put_together(
        data,
        &ParquetMetaData::new(described(&metadata, rows, None), vec![group]),
    )
}

/// A file with only a footer, whose schema is given as numbers of children.
fn with_schema(children: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut elements = 0_u64;
    let mut schema = Vec::new();
    for count in children {
        elements += 1;
        schema.push(0x55);
        varint(count << 1, &mut schema);
        schema.push(0);
    }
    let mut footer = vec![0x29, 0xfc];
    varint(elements, &mut footer);
    footer.extend(schema);
    footer.push(0);
    framed(&footer)
}

fn framed(footer: &[u8]) -> Vec<u8> {
    let mut bytes = b"PAR1".to_vec();
    bytes.extend(footer);
    bytes.extend(u32::try_from(footer.len()).unwrap().to_le_bytes());
    bytes.extend(b"PAR1");
    bytes
}

fn varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

#[tokio::test]
async fn counts_that_lie_are_refused() {
    refuse_all(vec![
        (
            "rows of the file",
            with_file_rows(),
            "claims 900 rows, but its row groups hold 500",
        ),
        ("rows of both", with_rows(400), "500 values for 400 rows"),
        ("negative rows", with_rows(-5), "negative"),
        (
            "2^40 rows",
            with_rows(1 << 40),
            "claims 1099511627776 rows in",
        ),
        (
            "negative values",
            with_chunk(|chunk| chunk.set_num_values(-500)),
            "-500 values",
        ),
    ])
    .await;
}

#[tokio::test]
async fn ranges_outside_of_the_file_are_refused() {
    let long = |bytes| with_chunk(move |chunk| chunk.set_total_compressed_size(bytes));
    let before = with_chunk(|chunk| {
        let chunk = chunk.set_data_page_offset(-4);
        chunk.set_dictionary_page_offset(None)
    });
    let large = with_chunk(|chunk| chunk.set_total_uncompressed_size(3 << 30));
    refuse_all(vec![
        (
            "beyond the file",
            long(1 << 20),
            "column `account_id`: its bytes lie outside",
        ),
        ("2^40 bytes", long(1 << 40), "outside"),
        ("nearly 2^63 bytes", long(i64::MAX - (1 << 40)), "outside"),
        ("negative length", long(-1), "outside"),
        ("negative offset", before, "outside"),
        ("pages of 3 GiB", large, "unpacked"),
    ])
    .await;
}

#[tokio::test]
async fn schemas_that_would_end_the_process_are_refused() {
    let deep = |levels: usize| with_schema(std::iter::repeat_n(1, levels).chain([0]));
    let wide = with_schema(std::iter::once(100_000).chain(std::iter::repeat_n(0, 100_000)));
    let bomb = framed(&[0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 0]);
    refuse_all(vec![
        ("101 deep", deep(101), "levels deep"),
        ("10,000 deep", deep(10_000), "levels deep"),
        ("200,000 deep", deep(200_000), "levels deep"),
        (
            "children that are not there",
            with_schema([7, 0, 0]),
            "more columns",
        ),
        (
            "more columns than groups",
            with_schema([1, 0, 0]),
            "more columns",
        ),
        ("list of 2^31", bomb, "longer than itself"),
        ("100,000 columns", wide, "100000 columns"),
        ("no columns", with_schema([0]), "no columns"),
    ])
    .await;
}

#[tokio::test]
async fn a_damaged_arrow_schema_is_refused() {
    let bytes = accounts();
    let (data, metadata) = taken_apart(&bytes);
    for value in [
        "",
        "AAAA",
        "/////2AAAAAQAAAAAAAKAAwACgAJAAQACgAAABAAAAAAAQQACAAIAAAABAAI",
    ] {
        let values = vec![KeyValue::new("ARROW:schema".to_owned(), value.to_owned())];
        let rows = metadata.file_metadata().num_rows();
        let groups = metadata.row_groups().to_vec();
        let file = ParquetMetaData::new(described(&metadata, rows, Some(values)), groups);
        let night = Night::of_account("account.parquet");
        night.write("account.parquet", put_together(data, &file));
        let error = night.refused().await;
        assert_refused(&error, "account.parquet", "");
    }
}

#[tokio::test]
async fn more_row_groups_than_there_can_be_are_refused() {
    let bytes = accounts();
    let (data, metadata) = taken_apart(&bytes);
    let groups: Vec<RowGroupMetaData> =
        std::iter::repeat_n(metadata.row_group(0).clone(), 32_768).collect();
    let rows = 500 * 32_768;
    let file = ParquetMetaData::new(described(&metadata, rows, None), groups);
    let night = Night::of_account("account.parquet");
    night.write("account.parquet", put_together(data, &file));
    let error = night.refused().await;
    assert_refused(&error, "account.parquet", "32768 row groups");
}

#[tokio::test]
async fn a_legal_file_without_rows_passes() {
    let night = Night::of_account("account");
    night.write("account/1.parquet", accounts());
    let batch = RecordBatch::try_from_iter([("account_id", texts([]))]).unwrap();
    let mut empty = Vec::new();
    ArrowWriter::try_new(&mut empty, batch.schema(), None)
        .unwrap()
        .close()
        .unwrap();
    night.write("account/2.parquet", &empty);
    let read = night.read().await.unwrap();
    assert_eq!(read.counts("account"), [500, 500, 0, 0]);

    // But a source whose files are all empty says so.
    let night = Night::of_account("account.parquet");
    night.write("account.parquet", &empty);
    assert_refused(&night.refused().await, "account", "have no rows");
    let night = Night::new().source("account", "account.parquet", "allow_empty: true");
    night.write("account.parquet", &empty);
    let read = night.read().await.unwrap();
    assert_eq!(read.counts("account"), [0, 0, 0, 0]);
}

#[tokio::test]
async fn highly_compressed_files_are_no_bombs() {
    let night = Night::of_account("account.parquet");
    let rows = 600_000;
    let batch = RecordBatch::try_from_iter_with_nullable([
        (
            "account_id",
            Arc::new(arrow::array::StringArray::from(vec!["same"; rows])) as arrow::array::ArrayRef,
            true,
        ),
        ("employees", Arc::new(Int64Array::from(vec![7; rows])), true),
    ])
    .unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    night.write("account.parquet", &bytes);
    assert_eq!(
        night.freeze().await.unwrap().sources["account"].rows,
        Some(600_000)
    );
}
