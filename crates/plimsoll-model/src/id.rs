//! Names and identifiers, each its own type so that one cannot be passed for another.
//!
//! Names reach file paths, unit names and metric labels, so their alphabet is narrow and their length bounded.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// A name or identifier that does not follow its rules.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is not a valid {what}: {rule}")]
pub struct InvalidId {
    what: &'static str,
    text: String,
    rule: &'static str,
}

const NAME_RULE: &str =
    "expected 1 to 48 of a-z, 0-9 and `-`, beginning with a letter and not ending with `-`";

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=48).contains(&bytes.len())
        && bytes[0].is_ascii_lowercase()
        && bytes[bytes.len() - 1] != b'-'
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

/// Shared text: identifiers stand in every observation, table and record, and copying one must cost nothing.
macro_rules! text_id {
    ($(#[$doc:meta])* $type:ident, $what:literal, $rule:expr, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId { what: $what, text: text.to_owned(), rule: $rule })
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> Self {
                id.as_str().to_owned()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($type), self.0)
            }
        }
    };
}

text_id!(
    /// The name of a service, as in `[service] name`.
    ServiceName, "service name", NAME_RULE, is_name
);
text_id!(
    /// The name of an environment, as in `[environments.<name>]`.
    EnvironmentName, "environment name", NAME_RULE, is_name
);
text_id!(
    /// The name of a zone, a part of an environment's hosts that may fail together.
    ZoneName, "zone name", NAME_RULE, is_name
);
text_id!(
    /// A host as the operator names it: an `ssh` destination or alias, or `local`.
    HostName,
    "host name",
    "expected 1 to 253 of letters, digits, `.`, `-`, `_`, `@`, `:`, not beginning with `-`",
    |text| {
        (1..=253).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_@:".contains(&b))
    }
);
text_id!(
    /// A release: the first twelve hexadecimal digits of its manifest's digest.
    ///
    /// People also see a number (`r42`), which the journal gives out in the order of sealing.
    ReleaseId,
    "release id",
    "expected 12 hexadecimal digits",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
);
text_id!(
    /// One run of a plan: `<environment>-<number>`, unique within a journal.
    RolloutId, "rollout id", "expected `<environment>-<number>`",
    |text| text.rsplit_once('-').is_some_and(|(name, number)| {
        is_name(name) && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    })
);

impl ReleaseId {
    /// The identifier of the release whose manifest has this digest.
    pub fn of_manifest(manifest: &Digest) -> Self {
        Self(manifest.short().into())
    }
}

impl HostName {
    /// The machine that the command runs on.
    pub fn local() -> Self {
        Self("local".into())
    }
}

impl RolloutId {
    /// The `number`th rollout of `environment`.
    pub fn new(environment: &EnvironmentName, number: u64) -> Self {
        Self(format!("{environment}-{number}").into())
    }

    /// Its number among the rollouts of `environment`; none where it is another environment's.
    pub fn number_in(&self, environment: &EnvironmentName) -> Option<u64> {
        let (name, number) = self.0.rsplit_once('-')?;
        (name == environment.as_str()).then(|| number.parse().ok())?
    }
}

/// One instance of a release on a host: `<release>.<ordinal>`.
///
/// The plan gives the ordinals out, so that asking twice for the same instance starts it once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceId {
    /// The release that the instance runs.
    pub release: ReleaseId,
    /// Its number among the release's instances on the host, from 0.
    pub ordinal: u32,
}

impl InstanceId {
    /// The `ordinal`th instance of `release`.
    pub fn new(release: ReleaseId, ordinal: u32) -> Self {
        Self { release, ordinal }
    }

    /// The name of a process of `release` that runs once and is no instance: it stands among the logs under it.
    pub fn once(release: ReleaseId, run: u64) -> Self {
        let number = u32::try_from(run % u64::from(Self::FIRST_ONCE)).expect("smaller than a u32");
        Self { release, ordinal: Self::FIRST_ONCE + number }
    }

    /// Whether it names a process that runs once.
    pub const fn is_once(&self) -> bool {
        self.ordinal >= Self::FIRST_ONCE
    }

    /// Numbers from here on are those of processes that run once; a host has far fewer instances.
    const FIRST_ONCE: u32 = 1_000_000;
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.release, self.ordinal)
    }
}

impl fmt::Debug for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstanceId({self})")
    }
}

impl FromStr for InstanceId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            what: "instance id",
            text: text.to_owned(),
            rule: "expected `<release>.<number>`",
        };
        let (release, ordinal) = text.split_once('.').ok_or_else(invalid)?;
        Ok(Self { release: release.parse()?, ordinal: ordinal.parse().map_err(|_| invalid())? })
    }
}

impl TryFrom<String> for InstanceId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<InstanceId> for String {
    fn from(id: InstanceId) -> Self {
        id.to_string()
    }
}

/// A fencing token: grows by one each time a lease changes hands.
///
/// A host remembers the highest that it has seen and refuses lower ones (Kleppmann, "How to do distributed
/// locking", 2016).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fence(pub u64);

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_narrow() {
        for good in ["a", "greeter", "web-2"] {
            assert!(good.parse::<ServiceName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a/b", "..", &"a".repeat(49)] {
            assert!(bad.parse::<ServiceName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_name_cannot_be_an_option() {
        assert!("-oProxyCommand=x".parse::<HostName>().is_err());
        assert!("deploy@web1.example:2222".parse::<HostName>().is_ok());
    }

    #[test]
    fn instances_round_trip() {
        let id: InstanceId = "0123456789ab.3".parse().unwrap();
        assert_eq!(id.ordinal, 3);
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"0123456789ab.3\"");
        assert!("0123456789ab".parse::<InstanceId>().is_err());
    }
}
