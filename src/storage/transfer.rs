//! Moving whole objects in pieces: files up, objects across, hashes on the way.
//!
//! Memory stays at a few pieces whatever the size. An upload in parts becomes
//! visible at its end only, and is given up if the bytes turn out not to be
//! those expected.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};
use object_store::{Error as StoreError, ObjectStoreExt, WriteMultipart};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt;

use super::Storage;
use super::failure::explain;
use crate::error::{Error, Result};

/// Objects up to this size are put in one request, larger ones in parts of it.
const PIECE: usize = 8 << 20;
/// Parts under way at the same time.
const PARTS_UNDER_WAY: usize = 4;

/// What identifies the content of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 as 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl Digest {
    /// The digest of bytes at hand.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.len() as u64,
            sha256: hex(&Sha256::digest(bytes)),
        }
    }
}

/// An object that has been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What was written.
    pub digest: Digest,
    /// The tag that the store gave it, as listings show it.
    pub e_tag: Option<String>,
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Storage {
    /// Writes the content of a local file, in parts when it is large. The
    /// digest returned is that of the bytes sent.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Unavailable`] and others, by who acts.
    pub async fn put_file(&self, relative: &str, file: &std::path::Path) -> Result<Stored> {
        let name = file.display().to_string();
        let opened = tokio::fs::File::open(file)
            .await
            .map_err(|cause| unreadable(&name, cause))?;
        let pieces = stream::try_unfold((opened, name), |(mut opened, name)| async move {
            let mut piece = BytesMut::with_capacity(1 << 20);
            match opened.read_buf(&mut piece).await {
                Ok(0) => Ok(None),
                Ok(_) => Ok(Some((piece.freeze(), (opened, name)))),
                Err(cause) => Err(unreadable(&name, cause)),
            }
        });
        self.put_stream(relative, pieces, |_| Ok(())).await
    }

    /// Copies an object below the same root; nothing is visible unless its
    /// digest is the `expected` one.
    ///
    /// # Errors
    /// As [`Storage::put_file`]; [`crate::error::ErrorKind::Data`] if the
    /// object is missing or is not the expected one.
    pub async fn copy(&self, from: &str, to: &str, expected: &Digest) -> Result<Stored> {
        let place = self.place(from);
        let Some(pieces) = self.pieces(from).await? else {
            return Err(Error::data(format!("{place} is missing"))
                .with_hint("restore it from a backup: kenko does not remove such files"));
        };
        let accept = |digest: &Digest| {
            if digest == expected {
                Ok(())
            } else {
                Err(
                    Error::data(format!("{place} is not what was published under this name"))
                        .with_hint("restore it from a backup: kenko does not change such files"),
                )
            }
        };
        self.put_stream(to, pieces, accept).await
    }

    /// Length and hash of an object as it can be read now, `None` if there is
    /// none.
    ///
    /// # Errors
    /// As [`Storage::get`].
    pub async fn digest(&self, relative: &str) -> Result<Option<Digest>> {
        let Some(pieces) = self.pieces(relative).await? else {
            return Ok(None);
        };
        let mut pieces = pin!(pieces);
        let mut seen = Seen::default();
        while let Some(piece) = pieces.next().await {
            seen.add(&piece?);
        }
        Ok(Some(seen.digest()))
    }

    async fn pieces(
        &self,
        relative: &str,
    ) -> Result<Option<impl Stream<Item = Result<Bytes>> + use<>>> {
        let place = self.place(relative);
        match self.object_store().get(&self.path(relative)?).await {
            Ok(answer) => Ok(Some(answer.into_stream().map(move |piece| {
                piece.map_err(|cause| explain("read", &place, &cause))
            }))),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(cause) => Err(explain("read", &place, &cause)),
        }
    }

    /// Writes pieces as one object, provided `accept` agrees to its digest.
    async fn put_stream(
        &self,
        relative: &str,
        pieces: impl Stream<Item = Result<Bytes>>,
        accept: impl Fn(&Digest) -> Result<()>,
    ) -> Result<Stored> {
        let mut pieces = pin!(pieces);
        let mut first = BytesMut::new();
        while first.len() <= PIECE {
            if let Some(piece) = pieces.next().await {
                first.extend_from_slice(&piece?);
            } else {
                accept(&Digest::of(&first))?;
                return self.put(relative, first.freeze()).await;
            }
        }
        let path = self.writable(relative)?;
        let failed = |cause: &StoreError| explain("write", &self.place(relative), cause);
        let parts = self.object_store().put_multipart(&path).await;
        let parts = parts.map_err(|cause| failed(&cause))?;
        let mut upload = WriteMultipart::new_with_chunk_size(parts, PIECE);
        let mut seen = Seen::default();
        let sent: Result<()> = async {
            let mut next = Some(Ok(first.freeze()));
            while let Some(piece) = next {
                let piece = piece?;
                seen.add(&piece);
                let capacity = upload.wait_for_capacity(PARTS_UNDER_WAY).await;
                capacity.map_err(|cause| failed(&cause))?;
                upload.put(piece);
                next = pieces.next().await;
            }
            Ok(())
        }
        .await;
        let digest = seen.digest();
        if let Err(error) = sent.and_then(|()| accept(&digest)) {
            // Parts without an end are not an object; a store that cannot drop
            // them at once drops them later.
            let _ = upload.abort().await;
            return Err(error);
        }
        let result = upload.finish().await.map_err(|cause| failed(&cause))?;
        Ok(Stored {
            digest,
            e_tag: result.e_tag,
        })
    }
}

#[derive(Default)]
struct Seen {
    bytes: u64,
    hash: Sha256,
}

impl Seen {
    fn add(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        self.hash.update(piece);
    }

    fn digest(self) -> Digest {
        Digest {
            bytes: self.bytes,
            sha256: hex(&self.hash.finalize()),
        }
    }
}

fn unreadable(name: &str, cause: std::io::Error) -> Error {
    explain(
        "read",
        name,
        &StoreError::Generic {
            store: "local folder",
            source: cause.into(),
        },
    )
}
