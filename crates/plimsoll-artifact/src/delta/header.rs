//! The header of packed content: what it is made from and what it gives.

use std::io::{self, Read};

use plimsoll_model::Digest;

use super::DeltaError;

const MAGIC: &[u8; 4] = b"PLDT";
const VERSION: u8 = 1;
/// Bytes of a header.
pub const HEADER: usize = 78;

/// How content is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The whole of it, compressed.
    Compressed,
    /// As a patch.
    Patch {
        /// Digest of the base.
        base: Digest,
    },
}

/// The header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// How it is packed.
    pub method: Method,
    /// Digest of what it gives.
    pub target: Digest,
    /// Size of what it gives, in bytes.
    pub size: u64,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let (method, base) = match self.method {
            Method::Compressed => (1, [0; 32]),
            Method::Patch { base } => (2, *base.as_bytes()),
        };
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(MAGIC);
        bytes[4..6].copy_from_slice(&[VERSION, method]);
        bytes[6..38].copy_from_slice(&base);
        bytes[38..70].copy_from_slice(self.target.as_bytes());
        bytes[70..].copy_from_slice(&self.size.to_le_bytes());
        bytes
    }

    /// Reads the header that packed content begins with.
    pub fn read(from: &mut impl Read) -> Result<Self, DeltaError> {
        let mut bytes = [0; HEADER];
        from.read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => DeltaError::NotAPatch,
            _ => DeltaError::io("read the packed content")(error),
        })?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8; HEADER]) -> Result<Self, DeltaError> {
        let digest = |at: usize| {
            let bytes: [u8; 32] = bytes[at..at + 32].try_into().expect("32 bytes");
            Digest::from(bytes)
        };
        if bytes[..4] != *MAGIC {
            return Err(DeltaError::NotAPatch);
        }
        if bytes[4] != VERSION {
            return Err(DeltaError::Version { found: bytes[4], known: VERSION });
        }
        let method = match bytes[5] {
            1 if bytes[6..38] == [0; 32] => Method::Compressed,
            1 => return Err(DeltaError::damaged("it names a base and needs none")),
            2 => Method::Patch { base: digest(6) },
            found => return Err(DeltaError::Method { found }),
        };
        let size = u64::from_le_bytes(bytes[70..].try_into().expect("eight bytes"));
        Ok(Self { method, target: digest(38), size })
    }
}
