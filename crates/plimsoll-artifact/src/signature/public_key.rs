//! Public keys, and what verifying with one proves.

use std::fmt;
use std::str::FromStr;

use blake2::{Blake2b512, Digest as _};
use ed25519_dalek::{Signature, VerifyingKey};

use super::encoding::{UNTRUSTED, decode, encode, payload, take};
use super::text::Algorithm;
use super::{KeyError, KeyId, SignatureError, SignatureText};

/// A public key of minisign.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub(super) id: KeyId,
    pub(super) key: VerifyingKey,
}

/// A comment that the signer vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedComment(String);

impl TrustedComment {
    /// The comment's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrustedComment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Which key vouched for the bytes, and what it said about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The key.
    pub key: KeyId,
    /// Its comment.
    pub comment: TrustedComment,
}

impl PublicKey {
    /// Reads a `.pub` file's text, or only its second line (`RWQ...`).
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let not = |why| KeyError::NotAPublicKey { why };
        let line = payload(text).ok_or(not("it is not one line of base64, nor a comment and one line"))?;
        let bytes = decode::<42>(line).ok_or(not("it is not 42 bytes in base64"))?;
        let mut bytes = bytes.as_slice();
        if &take::<2>(&mut bytes) != b"Ed" {
            return Err(not("its algorithm is not `Ed`"));
        }
        let id = KeyId(take(&mut bytes));
        let key =
            VerifyingKey::from_bytes(&take(&mut bytes)).map_err(|_| not("it is no point of the curve"))?;
        if key.is_weak() {
            return Err(not("anyone can sign for such a key (it is of small order)"));
        }
        Ok(Self { id, key })
    }

    /// The key's identifier.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key in one line, `RWQ...`, as configuration holds it.
    pub fn to_base64(&self) -> String {
        encode(&[&b"Ed"[..], &self.id.0, self.key.as_bytes()].concat())
    }

    /// The text of a `.pub` file.
    pub fn to_text(&self) -> String {
        format!("{UNTRUSTED}minisign public key {}\n{}\n", self.id, self.to_base64())
    }

    /// Verifies that `signature` (the text of a `.minisig` file) is of `bytes` and by this key, and that its
    /// trusted comment is as signed.
    pub fn verify(&self, bytes: &[u8], signature: &str) -> Result<TrustedComment, SignatureError> {
        verify_any(std::slice::from_ref(self), bytes, signature).map(|verified| verified.comment)
    }

    fn vouches(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        // Strict as libsodium is: no key or point of small order, no second form of the same signature.
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }

    fn verify_parsed(&self, bytes: &[u8], text: &SignatureText) -> Result<TrustedComment, SignatureError> {
        let genuine = match text.algorithm {
            Algorithm::Legacy => self.vouches(bytes, &text.signature),
            Algorithm::Prehashed => self.vouches(&Blake2b512::digest(bytes), &text.signature),
        };
        if !genuine {
            return Err(SignatureError::BytesChanged { key: self.id });
        }
        let covered = [&text.signature, text.trusted_comment.as_bytes()].concat();
        if !self.vouches(&covered, &text.global_signature) {
            return Err(SignatureError::TrustedCommentChanged { key: self.id });
        }
        Ok(TrustedComment(text.trusted_comment.clone()))
    }
}

/// Verifies that one of `keys` signed `bytes`. No keys accept nothing.
pub fn verify_any(keys: &[PublicKey], bytes: &[u8], signature: &str) -> Result<Verified, SignatureError> {
    let text: SignatureText = signature.parse()?;
    // Two keys may share an identifier, which anyone can choose: any of them may vouch.
    let mut outcome = Err(SignatureError::OtherKey {
        signed_by: text.key,
        trusted: keys.iter().map(PublicKey::id).collect(),
    });
    for key in keys.iter().filter(|key| key.id == text.key) {
        outcome = key.verify_parsed(bytes, &text).map(|comment| Verified { key: key.id, comment });
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_base64())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id)
    }
}
