//! `[sign]`

use std::path::PathBuf;

use plimsoll_model::service::SigningSpec;

use crate::document::Node;
use crate::settings::{Setting, settings};
use crate::shape::Shape;
use crate::sink::Sink;
use crate::values::list::List;
use crate::values::text::Filled;

settings! {
    /// The keys that releases are signed with, in minisign's format.
    SignLayer;
    /// File of the secret key. Where it is the default and absent, it is made at the first release; keep it out of
    /// version control.
    "secret-key" => secret_key: Filled = "\".plimsoll/keys/plimsoll.key\"";
    /// The public keys that a host accepts, as minisign prints them. None: the secret key's own, and those that signed what has served.
    "trusted-keys" => trusted_keys: List<PublicKey> = "[]";
}

impl SignLayer {
    pub(crate) fn resolve(&self) -> SigningSpec {
        SigningSpec {
            secret_key: PathBuf::from(self.secret_key().0),
            trusted_keys: self.trusted_keys().values().map(|key| key.0).collect(),
        }
    }
}

/// A public key of minisign: 42 bytes in base64, the first two of them `Ed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey(String);

impl Setting for PublicKey {
    fn shape() -> Shape {
        Shape::Text { what: "public key", pattern: Some("^RW[A-Za-z0-9+/]{54}$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let text = node.text().unwrap_or_default();
        let base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
        if text.len() == 56 && text.starts_with("RW") && text.bytes().all(base64) {
            return Some(Self(text.to_owned()));
        }
        // What was found is not repeated: a secret key may have been taken for a public one.
        sink.error(
            node.key.clone(),
            "a trusted key must be a minisign public key: 56 characters that begin with `RW`",
        )
        .help("it is the second line of the file `*.pub`");
        None
    }
}
