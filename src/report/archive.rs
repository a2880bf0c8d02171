//! A ZIP archive of stored parts: what a workbook is wrapped in.
//!
//! No compression, no encryption, no archive beyond 4 GiB; every part bears the same time,
//! so that the same parts give the same bytes (APPNOTE 6.3.10, PKWARE).

use crate::error::{Error, Result};

/// 1980-01-01, the first day that the format knows.
const DATE: u16 = 0x0021;
/// What is needed to read it: version 2.0, names in UTF-8.
const VERSION: u16 = 20;
const NAMES_ARE_UTF8: u16 = 1 << 11;

/// An archive that is being written.
#[derive(Debug, Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    parts: u16,
}

fn length(size: usize) -> Result<u32> {
    u32::try_from(size).map_err(|_| {
        Error::usage("a workbook beyond 4 GiB cannot be written")
            .with_hint("take CSV or Parquet, or fewer rows")
    })
}

impl Archive {
    /// Adds a part.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let offset = length(self.bytes.len())?;
        let mut about = Vec::new();
        for value in [VERSION, NAMES_ARE_UTF8, 0, 0, DATE] {
            about.extend(value.to_le_bytes());
        }
        let size = length(content.len())?;
        for value in [checksum(content), size, size] {
            about.extend(value.to_le_bytes());
        }
        let name_length = u16::try_from(name.len())
            .map_err(|cause| Error::bug("a part's name is too long").with_source(cause))?;
        about.extend(name_length.to_le_bytes());
        about.extend(0_u16.to_le_bytes());
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&about);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(content);
        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(VERSION.to_le_bytes());
        self.directory.extend(&about);
        // no comment, first disk, no attributes
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.parts += 1;
        Ok(())
    }

    /// The bytes of the archive.
    pub(super) fn finish(mut self) -> Result<Vec<u8>> {
        let begin = length(self.bytes.len())?;
        let size = length(self.directory.len())?;
        self.bytes.extend(&self.directory);
        self.bytes.extend(b"PK\x05\x06");
        self.bytes.extend([0; 4]);
        self.bytes.extend(self.parts.to_le_bytes());
        self.bytes.extend(self.parts.to_le_bytes());
        self.bytes.extend(size.to_le_bytes());
        self.bytes.extend(begin.to_le_bytes());
        self.bytes.extend([0; 2]);
        Ok(self.bytes)
    }
}

/// CRC-32 as ZIP wants it (ISO 3309, reflected).
fn checksum(content: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in content {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = sum & 1;
            sum >>= 1;
            if carry == 1 {
                sum ^= 0xedb8_8320;
            }
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // the check value of CRC-32/ISO-HDLC
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn the_directory_says_where_each_part_is() {
        let mut archive = Archive::default();
        archive.add("a", b"one").unwrap();
        archive.add("b/c", b"").unwrap();
        let bytes = archive.finish().unwrap();
        let end = bytes.len() - 22;
        assert_eq!(&bytes[end..end + 4], b"PK\x05\x06");
        assert_eq!(bytes[end + 10], 2);
        let begin = u32::from_le_bytes(bytes[end + 16..end + 20].try_into().unwrap());
        let begin = usize::try_from(begin).unwrap();
        // 30 + 1 + 3 bytes of the first part, 30 + 3 of the second
        assert_eq!(begin, 67);
        assert_eq!(&bytes[begin..begin + 4], b"PK\x01\x02");
        let second = begin + 46 + 1;
        let offset = u32::from_le_bytes(bytes[second + 42..second + 46].try_into().unwrap());
        assert_eq!(offset, 34);
    }
}
