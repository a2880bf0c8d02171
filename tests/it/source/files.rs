//! Files that are no Parquet at all, or were cut, joined or changed.

use std::fs;

use super::{Night, accounts, assert_refused};

#[tokio::test]
async fn bytes_that_are_no_parquet_file_are_refused() {
    let good = accounts();
    let cut = |end: usize| good[..end].to_vec();
    let with_length = |length: u32| {
        let mut bytes = good.clone();
        let at = bytes.len() - 8;
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        bytes
    };
    let length = u32::from_le_bytes(good[good.len() - 8..good.len() - 4].try_into().unwrap());
    let mut noise: Vec<u8> = (0..4_000_u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    noise[0] = 1;
    let mut noise_with_magic = noise.clone();
    noise_with_magic[..4].copy_from_slice(b"PAR1");
    noise_with_magic.extend(100_u32.to_le_bytes());
    noise_with_magic.extend(b"PAR1");
    let mut encrypted = good.clone();
    let end = encrypted.len();
    encrypted[end - 4..].copy_from_slice(b"PARE");
    let utf16: Vec<u8> = "account_id,name\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut garbage = good.clone();
    garbage.extend(b"some more");
    let twice = [good.clone(), good.clone()].concat();
    let xml = b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".to_vec();

    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("zero bytes", Vec::new(), "is empty"),
        ("four bytes", b"PAR1".to_vec(), "too short"),
        ("magic twice", b"PAR1PAR1".to_vec(), "too short"),
        ("cut in the middle", cut(good.len() / 2), "cut off"),
        ("last byte cut", cut(good.len() - 1), "cut off"),
        ("last 8 bytes cut", cut(good.len() - 8), "cut off"),
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
        ("noise", noise, "not a Parquet file"),
        ("noise with magic", noise_with_magic, "footer"),
        ("XML error", xml, "looks like an XML error page"),
        (
            "CSV",
            b"account_id,name\na,b\n".to_vec(),
            "looks like a CSV file",
        ),
        (
            "gzip",
            b"\x1f\x8b\x08\x00aaaaaaaaaaaaaaaa".to_vec(),
            "looks like a gzip file",
        ),
        ("UTF-16", utf16, "looks like UTF-16 text"),
        (
            "HTML",
            b"<!DOCTYPE html><html>login".to_vec(),
            "looks like an HTML page",
        ),
        (
            "JSON",
            b"{\"account_id\": \"a\"}\n".to_vec(),
            "looks like JSON",
        ),
        (
            "zip",
            b"PK\x03\x04xxxxxxxxxxxxxxxx".to_vec(),
            "zip archive or an Excel",
        ),
        ("encrypted", encrypted, "encrypted"),
        ("something appended", garbage, "appended"),
        ("two files joined", twice, "two Parquet files"),
        ("zeros", vec![0; 4096], "a file of zeros"),
    ];
    for (name, bytes, expected) in cases {
        let night = Night::of_account("account.parquet");
        night.write("account.parquet", bytes);
        let error = night.refused().await;
        println!("{name}: {}", error.render());
        assert_refused(&error, "account.parquet", expected);
    }
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
