//! Ed25519 signatures in minisign's format, byte for byte: what `minisign` signs is verified here, and the other
//! way round.
//!
//! A signature file has four lines: an untrusted comment, the signature of the bytes (or, prehashed, of their
//! BLAKE2b-512 digest), a trusted comment, and a signature over the first signature and that comment. Read
//! `secret_key` for signing and `public_key` for verifying. The format is described at
//! <https://jedisct1.github.io/minisign/#signature-format>.

mod encoding;
mod error;
mod kdf;
mod key_id;
mod public_key;
mod secret_key;
mod text;

#[cfg(test)]
mod interoperability;

pub use error::{KeyError, SignatureError};
pub use key_id::KeyId;
pub use public_key::{PublicKey, TrustedComment, Verified, verify_any};
pub use secret_key::SecretKey;
pub use text::SignatureText;
