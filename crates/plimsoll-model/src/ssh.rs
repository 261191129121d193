//! Hosts that are reached over the operator's own ssh: which they are, and how plimsoll acts on them.
//!
//! What is declared here ends up on ssh's command line and, some of it, in a command that a login shell reads on the
//! host. Its alphabets are therefore so narrow that no shell and no option parser sees anything but a plain word.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{HostName, Span, ZoneName};

/// An environment's hosts and the way to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SshTarget {
    /// The hosts, in the order of the configuration.
    pub hosts: Vec<SshHost>,
    /// Whose systemd, and whose files.
    pub scope: Scope,
    /// Folder of programs, releases and state on each host.
    pub root: RemoteRoot,
    /// How root's rights are got in [`Scope::System`].
    pub sudo: Sudo,
    /// How many hosts are worked on at the same time.
    pub parallel: u32,
    /// How long a host may take until it is connected.
    pub connect_timeout: Span,
    /// The file that ssh reads instead of the operator's own configuration.
    pub ssh_config: Option<PathBuf>,
}

/// One host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SshHost {
    /// Its name, exactly as it was declared.
    pub name: HostName,
    /// What ssh is told to connect to.
    pub destination: Destination,
    /// The zone that it is in.
    pub zone: Option<ZoneName>,
}

/// Whose systemd runs the instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The host's own; needs root there.
    System,
    /// That of the user who logs in.
    User,
}

/// How root's rights are got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sudo {
    /// With `sudo -n` unless root itself logs in.
    Auto,
    /// Not at all: whoever logs in does it.
    Never,
    /// Always with `sudo -n`.
    Always,
}

/// What ssh is told to connect to: `web1`, `deploy@web1`, `web1:2222`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Destination {
    /// The user, where one is named.
    pub user: Option<String>,
    /// An alias of ssh's configuration, a name or an IPv4 address.
    pub host: String,
    /// The port, where one is named.
    pub port: Option<u16>,
}

/// A destination that ssh would not understand, or would understand as something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no host that ssh could reach: {why}")]
pub struct InvalidDestination {
    text: String,
    why: &'static str,
}

impl FromStr for Destination {
    type Err = InvalidDestination;

    fn from_str(text: &str) -> Result<Self, InvalidDestination> {
        let invalid = |why| InvalidDestination { text: text.to_owned(), why };
        let plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('-')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        };
        if text.len() > 253 {
            return Err(invalid("it is longer than 253 bytes"));
        }
        let (user, rest) = match text.split_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, text),
        };
        if rest.matches(':').count() > 1 {
            return Err(invalid(
                "an IPv6 address needs an alias: `Host NAME` with `HostName ADDRESS` in ~/.ssh/config",
            ));
        }
        let (host, port) = match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        };
        let number = |port: &str| port.parse::<u16>().ok().filter(|number| *number != 0);
        let port = match port {
            Some(port) => Some(number(port).ok_or_else(|| invalid("its port is not one of 1 to 65535"))?),
            None => None,
        };
        if !plain(host) || !user.is_none_or(plain) {
            return Err(invalid(
                "expected [USER@]HOST[:PORT] of letters, digits, `.`, `-` and `_`, no part beginning with `-`",
            ));
        }
        Ok(Self { user: user.map(str::to_owned), host: host.to_owned(), port })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl TryFrom<String> for Destination {
    type Error = InvalidDestination;

    fn try_from(text: String) -> Result<Self, InvalidDestination> {
        text.parse()
    }
}

impl From<Destination> for String {
    fn from(destination: Destination) -> Self {
        destination.to_string()
    }
}

impl SshHost {
    /// A host by the text that names it.
    pub fn new(text: &str, zone: Option<ZoneName>) -> Result<Self, InvalidDestination> {
        let destination = text.parse()?;
        let name = text.parse().expect("a destination's alphabet is within a host name's");
        Ok(Self { name, destination, zone })
    }
}

/// A folder on a host: absolute, or `~/` and a path below the home of the user who logs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RemoteRoot(String);

/// A folder whose path no script may hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be the folder on a host: expected `/` or `~/` and letters, digits, `.`, `_`, `-` and `/`, without `..`"
)]
pub struct InvalidRoot(String);

impl RemoteRoot {
    /// The path as a word for the host's shell: absolute, or relative to the home folder, where ssh begins.
    pub fn word(&self) -> &str {
        self.0.strip_prefix("~/").unwrap_or(&self.0)
    }

    /// Whether it lies below the home of the user who logs in.
    pub fn is_in_home(&self) -> bool {
        self.0.starts_with("~/")
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RemoteRoot {
    type Err = InvalidRoot;

    fn from_str(text: &str) -> Result<Self, InvalidRoot> {
        let below = text.strip_prefix("~/").or_else(|| text.strip_prefix('/'));
        // Each part is a name: not empty, not `.` or `..`, and nothing that could be taken for an option.
        let good = |part: &str| {
            !matches!(part, "" | "." | "..")
                && !part.starts_with('-')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        match below {
            Some(below) if text.len() <= 200 && below.split('/').all(good) => Ok(Self(text.to_owned())),
            _ => Err(InvalidRoot(text.to_owned())),
        }
    }
}

impl TryFrom<String> for RemoteRoot {
    type Error = InvalidRoot;

    fn try_from(text: String) -> Result<Self, InvalidRoot> {
        text.parse()
    }
}

impl From<RemoteRoot> for String {
    fn from(root: RemoteRoot) -> Self {
        root.0
    }
}

impl fmt::Display for RemoteRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Scope {
    /// The folder where none is declared.
    pub fn default_root(self) -> RemoteRoot {
        let path = match self {
            Self::System => "/opt/plimsoll",
            Self::User => "~/.local/share/plimsoll",
        };
        path.parse().expect("it follows the rule")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_what_ssh_takes() {
        for good in ["web1", "deploy@10.0.0.3", "web4:2222", "a_b@web-1.example.com:22"] {
            let destination: Destination = good.parse().unwrap();
            assert_eq!(destination.to_string(), good);
            assert_eq!(SshHost::new(good, None).unwrap().name.as_str(), good);
        }
        for bad in [
            "",
            "-oProxyCommand=x",
            "a@-b",
            "-a@b",
            "a@b@c",
            "web1:0",
            "web1:x",
            "::1",
            "a b",
            "a;b",
            "$x",
            "@b",
            "a@",
            ":22",
        ] {
            assert!(bad.parse::<Destination>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_root_is_a_plain_word_in_any_shell() {
        for good in ["/opt/plimsoll", "~/.local/share/plimsoll", "/srv/a_b-c.d"] {
            assert_eq!(good.parse::<RemoteRoot>().unwrap().as_str(), good);
        }
        for bad in [
            "", "/", "~", "~/", "opt", "/a b", "/a/../b", "/a//b", "/a/", "/$x", "/a;b", "/-x", "~root/x",
            "/a'b",
        ] {
            assert!(bad.parse::<RemoteRoot>().is_err(), "{bad}");
        }
        assert_eq!(Scope::User.default_root().word(), ".local/share/plimsoll");
    }
}
