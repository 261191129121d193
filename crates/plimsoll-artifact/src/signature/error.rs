//! What can be wrong with a key or a signature.

use super::KeyId;

/// A key that cannot be read, made or stored.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// Text that is no public key.
    #[error(
        "not a minisign public key: {why}; expected the text of a `.pub` file or its second line, which begins with `RW`"
    )]
    NotAPublicKey {
        /// What is wrong with it.
        why: &'static str,
    },
    /// Text that is no secret key.
    #[error(
        "not a minisign secret key: {why}; expected the text of a key file made by plimsoll or `minisign -G`"
    )]
    NotASecretKey {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The secret key is encrypted and no password was given.
    #[error(
        "the secret key is encrypted and no password was given; give it, or remove it with `minisign -C -W`"
    )]
    PasswordNeeded,
    /// The password does not open the secret key.
    #[error("the password does not open this secret key, or the key file is damaged")]
    WrongPassword,
    /// The key file asks for more memory or work than minisign's own keys do.
    #[error(
        "the key file asks for more work than minisign's strongest setting (1 GiB of memory); it is refused, make a new key with `minisign -G`"
    )]
    TooCostly,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes for a new key")]
    NoRandomness,
}

/// Bytes that a signature does not vouch for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignatureError {
    /// Text that is no signature.
    #[error("not a minisign signature: {why}; sign again, or fetch the `.minisig` file again")]
    NotASignature {
        /// What is wrong with it.
        why: &'static str,
    },
    /// Signed by a key that is not trusted here.
    #[error(
        "signed by key {signed_by}, which is not trusted here (trusted: {}); sign with a trusted key, or add the signer's public key to `trusted-keys`",
        list(.trusted)
    )]
    OtherKey {
        /// The key that the signature names.
        signed_by: KeyId,
        /// The keys that were accepted.
        trusted: Vec<KeyId>,
    },
    /// The signature is not one of these bytes.
    #[error(
        "the bytes are not the ones that key {key} signed: they were changed after signing, or the signature belongs to another file; fetch both again"
    )]
    BytesChanged {
        /// The key that the signature names.
        key: KeyId,
    },
    /// The bytes are as signed, the trusted comment is not.
    #[error(
        "the signature's trusted comment was changed after key {key} signed it; fetch the signature again"
    )]
    TrustedCommentChanged {
        /// The key that the signature names.
        key: KeyId,
    },
}

fn list(keys: &[KeyId]) -> String {
    if keys.is_empty() {
        return "none".to_owned();
    }
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
