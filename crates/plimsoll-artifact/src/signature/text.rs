//! The four lines of a signature file.

use std::fmt;
use std::str::FromStr;

use super::encoding::{LONGEST_TEXT, TRUSTED, UNTRUSTED, decode, encode, take};
use super::{KeyId, SignatureError};

/// How the signature covers the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// The signature is of the bytes themselves (`Ed`, minisign before 0.9).
    Legacy,
    /// The signature is of the bytes' BLAKE2b-512 digest (`ED`).
    Prehashed,
}

/// A signature as it is written to a `.minisig` file. It is not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureText {
    pub(super) untrusted_comment: String,
    pub(super) algorithm: Algorithm,
    pub(super) key: KeyId,
    pub(super) signature: [u8; 64],
    pub(super) trusted_comment: String,
    pub(super) global_signature: [u8; 64],
}

impl SignatureText {
    /// The key that the signature names. Nothing is proved by it.
    pub fn key_id(&self) -> KeyId {
        self.key
    }
}

impl FromStr for SignatureText {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let not = |why| SignatureError::NotASignature { why };
        if text.len() > LONGEST_TEXT {
            return Err(not("it is too long"));
        }
        let mut lines = text.lines().map(|line| line.strip_suffix('\r').unwrap_or(line));
        let mut line = |why| lines.next().filter(|line| !line.is_empty()).ok_or(not(why));
        let untrusted = line("it is empty")?;
        let signature = line("its second line, the signature, is missing")?;
        let trusted = line("its third line, the trusted comment, is missing")?;
        let global = line("its fourth line, the comment's signature, is missing")?;
        let untrusted_comment = untrusted
            .strip_prefix("untrusted comment:")
            .ok_or(not("its first line does not begin with `untrusted comment:`"))?;
        let trusted_comment = trusted
            .strip_prefix(TRUSTED)
            .ok_or(not("its third line does not begin with `trusted comment: `"))?;
        let bytes =
            decode::<74>(signature.trim_end()).ok_or(not("its second line is not 74 bytes in base64"))?;
        let mut bytes = bytes.as_slice();
        let algorithm = match &take::<2>(&mut bytes) {
            b"Ed" => Algorithm::Legacy,
            b"ED" => Algorithm::Prehashed,
            _ => return Err(not("its algorithm is neither `Ed` nor `ED`")),
        };
        Ok(Self {
            untrusted_comment: untrusted_comment.trim_start().to_owned(),
            algorithm,
            key: KeyId(take(&mut bytes)),
            signature: take(&mut bytes),
            trusted_comment: trusted_comment.to_owned(),
            global_signature: *decode::<64>(global.trim_end())
                .ok_or(not("its fourth line is not 64 bytes in base64"))?,
        })
    }
}

impl fmt::Display for SignatureText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = match self.algorithm {
            Algorithm::Legacy => b"Ed",
            Algorithm::Prehashed => b"ED",
        };
        let signature = [&algorithm[..], &self.key.0, &self.signature].concat();
        writeln!(f, "{UNTRUSTED}{}\n{}", self.untrusted_comment, encode(&signature))?;
        writeln!(f, "{TRUSTED}{}\n{}", self.trusted_comment, encode(&self.global_signature))
    }
}
