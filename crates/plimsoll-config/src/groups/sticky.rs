//! `sticky` of an environment.

use plimsoll_model::traffic::Stickiness;

use crate::document::Node;
use crate::settings::{Setting, settings};
use crate::shape::{Rule, Shape};
use crate::sink::Sink;

settings! {
    /// Which requests stay with the release they met first: the weight then is a share of clients, not of requests.
    StickyLayer, Rule::ExactlyOne(&["cookie", "header"]);
    /// By a cookie of this name, which the proxy sets.
    "cookie" => cookie: HttpToken;
    /// By the value of this request header, as a user's or tenant's identifier.
    "header" => header: HttpToken;
}

impl StickyLayer {
    pub(crate) fn resolve(&self) -> Stickiness {
        match (self.cookie.value(), self.header.value()) {
            (Some(cookie), _) => Stickiness::Cookie { name: cookie.0.clone() },
            (None, Some(header)) => Stickiness::Header { name: header.0.clone() },
            (None, None) => Stickiness::None,
        }
    }
}

/// The name of a header or cookie: a token of RFC 9110, 5.6.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpToken(String);

impl Setting for HttpToken {
    fn shape() -> Shape {
        Shape::Text { what: "name", pattern: Some("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let text = node.text().unwrap_or_default();
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+.^_`|~-".contains(&b);
        if (1..=64).contains(&text.len()) && text.bytes().all(token) {
            return Some(Self(text.to_owned()));
        }
        node.wrong("a name of letters, digits, `-` and `_`, at most 64", sink);
        None
    }
}
