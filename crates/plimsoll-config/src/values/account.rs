//! What a unit of systemd is told by name: accounts and capabilities.

use crate::document::Node;
use crate::settings::Setting;
use crate::shape::Shape;
use crate::sink::Sink;

/// The name of an account, as `useradd` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account(pub(crate) String);

impl Setting for Account {
    fn shape() -> Shape {
        Shape::Text { what: "name of an account", pattern: Some("^[a-z_][a-z0-9_-]{0,30}$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let first = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        let other = |byte: u8| first(byte) || byte.is_ascii_digit() || byte == b'-';
        match node.text() {
            Some("root") => {
                node.wrong("the name of an account without rights", sink).help(
                    "a service does not run as root; what it needs of root's rights goes into `capabilities`",
                );
                None
            }
            Some(text)
                if text.len() <= 31 && text.bytes().next().is_some_and(first) && text.bytes().all(other) =>
            {
                Some(Self(text.to_owned()))
            }
            _ => {
                node.wrong("the name of an account: small letters, digits, `_` and `-`", sink);
                None
            }
        }
    }
}

/// A capability, as `CAP_NET_BIND_SERVICE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capability(pub(crate) String);

impl Setting for Capability {
    fn shape() -> Shape {
        Shape::Text { what: "capability", pattern: Some("^CAP_[A-Z_]+$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let letters =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        match node.text() {
            Some(text) if text.strip_prefix("CAP_").is_some_and(letters) => Some(Self(text.to_owned())),
            _ => {
                node.wrong("a capability, as \"CAP_NET_BIND_SERVICE\"", sink)
                    .help("capabilities(7) lists them");
                None
            }
        }
    }
}
