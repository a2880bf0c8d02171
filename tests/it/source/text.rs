//! CSV and JSON lines.

use super::{Night, assert_refused, folder_of};

const HEADER: &str = "invoice_id,account_id,amount,issued_on,due_on,paid_on\n";

fn invoices(rows: &str) -> Night {
    let night = Night::new().source("invoice", "invoice.csv", "");
    night.write("invoice.csv", format!("{HEADER}{rows}"));
    night
}

const ALL: &str = "select invoice_id, account_id, amount, currency, issued_on, due_on, paid_on \
                   from raw_invoice order by invoice_id";

#[tokio::test]
async fn csv_is_read_by_name_and_converted() {
    let night = Night::new().source("invoice", "invoice", "date_format: \"%d.%m.%Y\"");
    night.write(
        "invoice/1.csv",
        "\u{feff}due_on,amount,extra,invoice_id,account_id,issued_on\r\n\
         31.01.2026,\"1200.50\",x,\"i,1\",\"a \"\"A\"\"\nline 2\",01.01.2026\r\n",
    );
    night.write(
        "invoice/2.csv",
        "invoice_id,account_id,amount,currency,issued_on,due_on,paid_on\n\
         i2,b,-3,EUR,02.01.2026,01.02.2026,10.01.2026\n\n",
    );
    let read = night.read().await.unwrap();
    let rows = read
        .rows("select invoice_id, replace(account_id, chr(10), '/'), amount, currency, issued_on, due_on, paid_on from raw_invoice order by invoice_id")
        .await;
    assert_eq!(
        rows,
        [
            "i,1|a \"A\"/line 2|1200.5000||2026-01-01|2026-01-31|",
            "i2|b|-3.0000|EUR|2026-01-02|2026-02-01|2026-01-10",
        ]
    );
    assert_eq!(read.counts("invoice"), [2, 2, 0, 0]);
    assert_eq!(read.failing("invoice"), Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_row_is_quarantined_with_file_line_and_reason() {
    let night = invoices(
        "good,a,1,2026-01-01,2026-01-31,\n\
         wrong date,a,1,2026-01-32,2026-01-31,\n\
         wrong amount,a,\"1.000,50\",2026-01-01,2026-01-31,\n\
         too large,a,999999999999999,2026-01-01,2026-01-31,\n\
         ,a,1,2026-01-01,2026-01-31,\n\
         no date,a,1,,2026-01-31,\n\
         too few,a\n\
         year 1,a,1,0001-01-01,2026-01-31,\n\
         later,a,1,2026-02-01,not a date,\n",
    );
    let read = night.read().await.unwrap();
    assert_eq!(
        read.rows(ALL).await,
        ["good|a|1.0000||2026-01-01|2026-01-31|"]
    );
    assert_eq!(read.counts("invoice"), [9, 1, 1, 7]);
    assert_eq!(
        read.failing("invoice"),
        [
            "missing_optional_columns=8/8",
            "quarantined_date_out_of_range=1/8",
            "quarantined_null_date=1/8",
            "quarantined_null_key=1/8",
            "quarantined_number_out_of_range=1/8",
            "quarantined_unconvertible_value=2/8",
            "quarantined_unreadable_row=1/8",
        ]
    );
    let file = read.report.sources["invoice"]
        .quarantine_file
        .clone()
        .unwrap();
    let night = Night::new().source(
        "quarantine",
        &file.display().to_string(),
        "key: [rule]\ncolumns:\n  rule: {type: text}\n  reason: {type: text}\n  invoice_id: {type: text}",
    );
    let read = night.read().await.unwrap();
    let reasons = read
        .rows("select rule, reason from raw_quarantine order by 1, 2")
        .await;
    let folder = folder_of(&file);
    assert!(!folder.is_empty());
    let expected = [
        "date_out_of_range|issued_on: `0001-01-01` is before 1900",
        "null_date|issued_on is empty",
        "null_key|invoice_id is empty",
        "number_out_of_range|",
        "unconvertible_value|",
        "unconvertible_value|",
        "unreadable_row|",
    ];
    for (reason, expected) in reasons.iter().zip(expected) {
        assert!(reason.starts_with(expected), "{reason}");
    }
    let all = reasons.join("\n");
    assert!(
        all.contains("line 3: issued_on: `2026-01-32` is not a date in format `%Y-%m-%d`"),
        "{all}"
    );
    assert!(
        all.contains("line 4: amount: `1.000,50` is not a decimal number"),
        "{all}"
    );
    assert!(
        all.contains("line 8 has 2 values, the header has 6"),
        "{all}"
    );
}

#[tokio::test]
async fn csv_files_that_are_doubtful_as_a_whole_are_refused() {
    let utf16: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wrong_header = "invoice_id,account_id,amount,issued,due_on\n";
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("UTF-16", utf16, "UTF-16"),
        (
            "gzip",
            b"\x1f\x8b\x08\x00aaaaaaaaaaaa".to_vec(),
            "not compressed",
        ),
        (
            "HTML",
            b"<html><body>login</body></html>".to_vec(),
            "an HTML page",
        ),
        ("Parquet", super::accounts(), "a Parquet file"),
        ("zeros", vec![0; 100], "a file of zeros"),
        (
            "semicolons",
            HEADER.replace(',', ";").into_bytes(),
            "semicolons",
        ),
        ("tabs", HEADER.replace(',', "\t").into_bytes(), "tabs"),
        (
            "missing column",
            wrong_header.into(),
            "did you mean `issued`?",
        ),
        (
            "other case",
            HEADER.to_uppercase().into_bytes(),
            "case counts",
        ),
        (
            "twice",
            b"invoice_id,account_id,Account_ID\n".to_vec(),
            "name of its own",
        ),
        ("only a mark", "\u{feff}".into(), "no header line"),
        (
            "open quote",
            format!("{HEADER}i,a,1,2026-01-01,\"2026-01-31,\n").into_bytes(),
            "line 2: a quote is never closed",
        ),
    ];
    for (name, bytes, expected) in cases {
        let night = Night::new().source("invoice", "invoice.csv", "");
        night.write("invoice.csv", bytes);
        let error = night.refused().await;
        println!("{name}: {}", error.render());
        assert_refused(&error, "invoice.csv", expected);
    }
    let night = Night::new().source("invoice", "invoice.csv", "");
    night.write("invoice.csv", HEADER);
    let error = night.read().await.err().unwrap();
    assert_refused(&error, "invoice.csv", "have no rows");
}

#[tokio::test]
async fn a_row_that_is_not_utf8_is_quarantined() {
    let night = Night::new().source("invoice", "invoice.csv", "");
    let mut bytes = format!("{HEADER}good,a,1,2026-01-01,2026-01-31,\n").into_bytes();
    bytes.extend(b"b\xfcrger,a,1,2026-01-01,2026-01-31,\n");
    night.write("invoice.csv", bytes);
    let read = night.read().await.unwrap();
    assert_eq!(read.counts("invoice"), [2, 1, 0, 1]);

    let night = Night::new().source("invoice", "invoice.csv", "");
    let mut bytes = HEADER.as_bytes().to_vec();
    bytes.extend(b"b\xfcrger,a,1,2026-01-01,2026-01-31,\n");
    night.write("invoice.csv", bytes);
    assert_refused(
        &night.read().await.err().unwrap(),
        "invoice.csv",
        "no row can be read",
    );
}

#[tokio::test]
async fn json_lines_keep_the_digits_of_money() {
    let night = Night::new().source("invoice", "invoice.jsonl", "");
    night.write(
        "invoice.jsonl",
        r#"{"invoice_id": 7, "account_id": "a", "amount": 12345678901234.5670, "issued_on": "2026-01-01", "due_on": "2026-01-31", "paid_on": null}
{"invoice_id": "8", "account_id": "あ", "amount": "0.5", "issued_on": "2026-01-01", "due_on": "2026-01-31", "nested": {"x": [1]}}

{"invoice_id": "9", "account_id": "a"
{"invoice_id": "10", "account_id": "a", "amount": [1], "issued_on": "2026-01-01", "due_on": "2026-01-31"}
"#,
    );
    let read = night.read().await.unwrap();
    assert_eq!(
        read.rows(ALL).await,
        [
            "7|a|12345678901234.5670||2026-01-01|2026-01-31|",
            "8|あ|0.5000||2026-01-01|2026-01-31|",
        ]
    );
    assert_eq!(read.counts("invoice"), [4, 2, 0, 2]);
}

#[tokio::test]
async fn json_files_that_are_doubtful_as_a_whole_are_refused() {
    let row = r#"{"invoice_id": "i", "account_id": "a", "amount": 1, "issued_on": "2026-01-01", "due_on": "2026-01-31"}"#;
    let cases = [
        (format!("[{row}]"), "one JSON list"),
        (
            format!("{row}\n{}", &row[..40]),
            "ends in the middle of a row",
        ),
        (row.replace("amount", "Amount"), "case counts"),
        (row.replace("due_on", "due"), "did you mean `due`?"),
        ("invoice_id,account_id\n".to_owned(), "is not JSON lines"),
        (format!("{}\n", &row[..40]), "no row can be read"),
    ];
    for (text, expected) in cases {
        let night = Night::new().source("invoice", "invoice.jsonl", "");
        night.write("invoice.jsonl", &text);
        let error = night.read().await.err().unwrap();
        println!("{}", error.render());
        assert_refused(&error, "invoice.jsonl", expected);
    }
}

#[tokio::test]
async fn timestamps_need_a_zone_or_a_declared_wall_clock() {
    let text =
        "event_id,name,occurred_at\n1,login,2026-01-10T09:00:00+09:00\n2,login,2026-01-10 09:00\n";
    let night = Night::new().source("event", "event.csv", "");
    night.write("event.csv", text);
    let read = night.read().await.unwrap();
    let rows = read
        .rows("select event_id, occurred_at from raw_event")
        .await;
    assert_eq!(rows, ["1|2026-01-10T00:00:00Z"]);

    let night = Night::new().source("event", "event.csv", "timestamp_format: \"%Y-%m-%d %H:%M\"");
    night.write("event.csv", text);
    let read = night.read().await.unwrap();
    let rows = read
        .rows("select event_id, occurred_at from raw_event")
        .await;
    assert_eq!(rows, ["2|2026-01-10T00:00:00Z"]);
}

#[tokio::test]
async fn personal_values_stay_out_of_reasons_and_quarantine() {
    let night = Night::new().source("contact", "contact.csv", "");
    night.write(
        "contact.csv",
        "contact_id,account_id,email,name,created_on\n\
         ,a,canary@example.com,Canary,2026-01-01\n\
         c,a,canary@example.com,Canary,never\n",
    );
    let read = night.read().await.unwrap();
    assert_eq!(read.counts("contact"), [2, 0, 0, 2]);
    let file = read.report.sources["contact"]
        .quarantine_file
        .clone()
        .unwrap();
    let bytes = std::fs::read(file).unwrap();
    let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(has(b"never") && !has(b"canary") && !has(b"Canary"));
}
