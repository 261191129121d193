//! Text, and text that must follow rules.

use std::net::SocketAddr;

use plimsoll_model::{EnvironmentName, ServiceName, Share};

use crate::document::{Node, quoted};
use crate::init::as_name;
use crate::settings::Setting;
use crate::shape::Shape;
use crate::sink::Sink;

/// Text that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filled(pub(crate) String);

impl Setting for Filled {
    fn shape() -> Shape {
        Shape::Text { what: "text", pattern: Some(r"\S") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        match node.text() {
            Some(text) if text.contains('\0') => {
                node.wrong("text without NUL characters", sink);
                None
            }
            Some(text) if !text.trim().is_empty() => Some(Self(text.to_owned())),
            _ => {
                node.wrong("text that is not empty", sink);
                None
            }
        }
    }
}

/// Text that may be empty: an argument.
impl Setting for String {
    fn shape() -> Shape {
        Shape::Text { what: "text", pattern: None }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        match node.text() {
            Some(text) if text.contains('\0') => {
                node.wrong("text without NUL characters", sink);
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                // A list of arguments with a number in it is the usual slip.
                let simple =
                    matches!(node.value, toml::de::DeValue::Integer(_) | toml::de::DeValue::Boolean(_));
                let problem = node.wrong("text", sink);
                if simple {
                    problem.help("put it between quotes");
                }
                None
            }
        }
    }
}

/// The name of the service.
impl Setting for ServiceName {
    fn shape() -> Shape {
        Shape::Text { what: "name", pattern: Some(NAME_PATTERN) }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        name(node, sink)
    }
}

/// The name of an environment, where it is referred to.
impl Setting for EnvironmentName {
    fn shape() -> Shape {
        Shape::Text { what: "name of an environment", pattern: Some(NAME_PATTERN) }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        name(node, sink)
    }
}

/// The rule of the model's names, as a regular expression.
pub(crate) const NAME_PATTERN: &str = "^[a-z]([a-z0-9-]{0,46}[a-z0-9])?$";
/// The same in words.
pub(crate) const NAME_RULE: &str =
    "1 to 48 of a-z, 0-9 and `-`, beginning with a letter and not ending with `-`";

fn name<T: std::str::FromStr>(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<T> {
    if let Some(name) = node.text().and_then(|text| text.parse().ok()) {
        return Some(name);
    }
    let better = node.text().and_then(as_name);
    let problem = node.wrong(&format!("a name: {NAME_RULE}"), sink);
    if let Some(better) = better {
        problem.help(format!("`{better}` would do"));
    }
    None
}

/// A share of a whole: `1%`.
impl Setting for Share {
    fn shape() -> Shape {
        Shape::Text { what: "share", pattern: Some(r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?) ?%$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let share = node.text().and_then(|text| text.parse().ok());
        if share.is_none() {
            let whole = node.whole().filter(|percent| (0..=100).contains(percent));
            let problem = node.wrong("a share from 0% to 100% with at most two decimals", sink);
            problem.help(match whole {
                Some(percent) => format!("write \"{percent}%\""),
                None => "write it as \"1%\" or \"0.25%\"".to_owned(),
            });
        }
        share
    }
}

/// An address that clients reach.
impl Setting for SocketAddr {
    fn shape() -> Shape {
        Shape::Text { what: "address and port", pattern: Some(r"^([0-9.]+|\[[0-9A-Fa-f:.%]+\]):[0-9]{1,5}$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let text = node.text().unwrap_or_default();
        match text.parse::<SocketAddr>() {
            Ok(address) if address.port() != 0 => return Some(address),
            Ok(_) => {
                node.wrong("an address with a port from 1 to 65535", sink)
                    .help("clients need to know the port, so it cannot be chosen at run time");
                return None;
            }
            Err(_) => {}
        }
        let port =
            text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).filter(|port| *port > 0);
        let host = text.rsplit_once(':').map(|(host, _)| host);
        let problem = node.wrong("an address with a port, as \"127.0.0.1:8080\" or \"[::1]:8080\"", sink);
        match (host, port) {
            (Some("" | "*"), Some(port)) => {
                problem.help(format!("for every interface write \"0.0.0.0:{port}\""))
            }
            (Some(_), Some(port)) => {
                problem.help(format!("names are not looked up; for this machine write \"127.0.0.1:{port}\""))
            }
            _ => problem.help("`port = 8080` is the short form for this machine"),
        };
        None
    }
}

/// A path of a URL: begins with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UrlPath(pub(crate) String);

impl Setting for UrlPath {
    fn shape() -> Shape {
        Shape::Text { what: "path of a URL", pattern: Some(r"^/[!-~]*$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let text = node.text().unwrap_or_default();
        if text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains('#') {
            return Some(Self(text.to_owned()));
        }
        let bare = !text.is_empty() && !text.contains(':') && text.bytes().all(|b| b.is_ascii_graphic());
        let problem = node.wrong("a path that begins with `/` and has no blanks", sink);
        if bare && !text.contains('#') {
            problem.help(format!("write {}", quoted(&format!("/{text}"))));
        }
        None
    }
}

/// A path of a file below the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InnerPath(pub(crate) String);

impl Setting for InnerPath {
    fn shape() -> Shape {
        Shape::Text { what: "path below the project", pattern: Some("^[^/]") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let path = Filled::read(node, sink)?.0;
        if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            node.wrong("a relative path that stays inside the folder", sink);
            return None;
        }
        Some(Self(path))
    }
}

/// The address of a server that is asked over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpUrl(pub(crate) String);

impl Setting for HttpUrl {
    fn shape() -> Shape {
        Shape::Text { what: "URL", pattern: Some("^https?://[^@/?#\\s]+(/[^?#\\s]*)?$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let expected = "an address as \"http://127.0.0.1:9090\"";
        let text = node.text().unwrap_or_default();
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).unwrap_or_default();
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.contains('@') {
            // Not `wrong`, which would show what was found.
            sink.error(node.key.clone(), format!("{} must not hold a user or a password", node.name()))
                .help("the file is read by many; let a proxy on the host add what the server asks for");
            return None;
        }
        let plain = text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains(['?', '#']);
        if host.is_empty() || !plain {
            node.wrong(expected, sink);
            return None;
        }
        Some(Self(text.trim_end_matches('/').to_owned()))
    }
}
