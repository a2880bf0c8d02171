//! Files that are no Parquet at all, or were cut, joined or changed.

use std::fs;

use super::{Night, accounts, assert_refused};

/// Refuses each file and says what is expected.
pub(super) async fn refuse_all(cases: Vec<(&str, Vec<u8>, &str)>) {
    for (name, bytes, expected) in cases {
        let night = Night::of_account("account.parquet");
        night.write("account.parquet", bytes);
        let error = night.refused().await;
        println!("{name}: {}", error.render());
        assert_refused(&error, "account.parquet", expected);
    }
}

#[tokio::test]
async fn what_was_never_parquet_is_named() {
    let csv = b"account_id,name\na,b\n".to_vec();
    let gzip = b"\x1f\x8b\x08\x00aaaaaaaaaaaaaaaa".to_vec();
    let html = b"<!DOCTYPE html><html>login".to_vec();
    let json = b"{\"account_id\": \"a\"}\n".to_vec();
    let utf16: Vec<u8> = "account_id,name\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let xml = b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".to_vec();
    let zip = b"PK\x03\x04xxxxxxxxxxxxxxxx".to_vec();
    let mut noise: Vec<u8> = (0..4_000_u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    noise[0] = 1;
    refuse_all(vec![
        ("CSV", csv, "looks like a CSV file"),
        ("gzip", gzip, "looks like a gzip file"),
        ("HTML", html, "looks like an HTML page"),
        ("JSON", json, "looks like JSON"),
        ("noise", noise, "not a Parquet file"),
        ("UTF-16", utf16, "looks like UTF-16 text"),
        ("XML error", xml, "looks like an XML error page"),
        ("zeros", vec![0; 4096], "a file of zeros"),
        ("zip", zip, "zip archive or an Excel"),
    ])
    .await;
}

#[tokio::test]
async fn parquet_files_that_were_cut_or_joined_are_refused() {
    let good = accounts();
    let size = good.len();
    let cut = |end: usize| good[..end].to_vec();
    let with_length = |length: u32| {
        let mut bytes = good.clone();
        bytes[size - 8..size - 4].copy_from_slice(&length.to_le_bytes());
        bytes
    };
    let length = u32::from_le_bytes(good[size - 8..size - 4].try_into().unwrap());
    let mut encrypted = good.clone();
    encrypted[size - 4..].copy_from_slice(b"PARE");
    let garbage = [good.as_slice(), b"some more"].concat();
    let twice = [good.clone(), good.clone()].concat();
    let noise = [
        b"PAR1".as_slice(),
        &[7; 300],
        &100_u32.to_le_bytes(),
        b"PAR1",
    ]
    .concat();
    refuse_all(vec![
        ("zero bytes", Vec::new(), "is empty"),
        ("four bytes", b"PAR1".to_vec(), "too short"),
        ("magic twice", b"PAR1PAR1".to_vec(), "too short"),
        ("cut in the middle", cut(size / 2), "cut off"),
        ("last byte cut", cut(size - 1), "cut off"),
        ("last 8 bytes cut", cut(size - 8), "cut off"),
        ("footer of no length", with_length(0), "empty footer"),
        (
            "footer longer than the file",
            with_length(1 << 20),
            "claims a footer",
        ),
        (
            "footer of 2^31 bytes",
            with_length(1 << 31),
            "claims a footer",
        ),
        (
            "footer 10 bytes too long",
            with_length(length + 10),
            "footer",
        ),
        ("noise between magics", noise, "footer"),
        ("encrypted", encrypted, "encrypted"),
        ("something appended", garbage, "appended"),
        ("two files joined", twice, "two Parquet files"),
    ])
    .await;
}

/// Any change of a byte in the footer is refused, or the file still fits its
/// contract; nothing panics, hangs or ends the process.
#[tokio::test]
async fn no_change_of_a_footer_escapes_as_a_panic() {
    let good = accounts();
    let footer = good.len() - 1_200..good.len();
    let night = Night::of_account("account.parquet");
    let (pipeline, day) = (night.pipeline(), night.day());
    let (mut refused, mut fits) = (0, 0);
    for step in 0..1_500_usize {
        let mut bytes = good.clone();
        let at = footer.start + step * 7_919 % footer.len();
        let change = [0x01, 0x80, 0xff, 0x10, 0x7f][step % 5];
        bytes[at] ^= change;
        night.write("account.parquet", bytes);
        match kenko::source::freeze(&pipeline, &day, None).await {
            Ok(_) => fits += 1,
            Err(error) => {
                assert_refused(&error, "account.parquet", "");
                refused += 1;
            }
        }
    }
    println!("{refused} refused, {fits} still fit");
    assert!(refused > 200, "only {refused} of 1500 were refused");
}

#[tokio::test]
async fn a_file_that_changes_or_vanishes_during_the_run_is_noticed() {
    let night = Night::of_account("account.parquet");
    let path = night.write("account.parquet", accounts());
    let frozen = night.freeze().await.unwrap();
    frozen.recheck().await.unwrap();

    let mut changed = accounts();
    changed.extend(b" ");
    fs::write(&path, changed).unwrap();
    let error = frozen.recheck().await.unwrap_err();
    assert_refused(&error, "account.parquet", "changed during the run");

    fs::remove_file(&path).unwrap();
    let error = frozen.recheck().await.unwrap_err();
    assert_refused(&error, "account.parquet", "changed during the run");
}

#[tokio::test]
async fn the_fingerprint_follows_the_files() {
    let night = Night::of_account("account.parquet");
    night.write("account.parquet", accounts());
    let first = night.freeze().await.unwrap();
    let again = night.freeze().await.unwrap();
    assert_eq!(first.fingerprint, again.fingerprint);
    assert_eq!(first.sources["account"].rows, Some(500));
    night.write(
        "account.parquet",
        super::parquet(vec![("account_id", super::texts(["x"]))]),
    );
    let other = night.freeze().await.unwrap();
    assert_ne!(first.fingerprint, other.fingerprint);
    // The record is what a person reads later.
    let record = serde_json::to_value(&first).unwrap();
    let file = &record["sources"]["account"]["files"][0];
    assert!(file["path"].as_str().unwrap().ends_with("account.parquet"));
    assert_eq!(file["rows"], 500);
    assert!(file["etag"].is_string() && file["modified"].is_string());
}

#[tokio::test]
async fn damage_inside_a_page_is_an_error_and_never_a_figure() {
    let mut bytes = accounts();
    let middle = bytes.len() / 4;
    bytes[middle..middle + 2_000].fill(0);
    let night = Night::of_account("account.parquet");
    night.write("account.parquet", bytes);
    match night.read().await {
        Err(error) => assert_eq!(
            error.kind(),
            kenko::error::ErrorKind::Data,
            "{}",
            error.render()
        ),
        Ok(read) => {
            let error = read
                .collected("select max(name), max(account_id) from raw_account")
                .await;
            let error = error.unwrap_err();
            assert_eq!(
                error.kind(),
                kenko::error::ErrorKind::Data,
                "{}",
                error.render()
            );
        }
    }
}
