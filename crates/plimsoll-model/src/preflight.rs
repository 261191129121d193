//! What is asked of hosts before anything is changed on them, and what was found.
//!
//! [`Requires`] is what a person declared, [`ReleaseNeeds`] what a release needs, [`Finding`] one answer. The judgement
//! is `plimsoll-plan`'s.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::facts::{CpuLevel, Fact, HostFacts, Probe, ProgramNeeds};
use crate::release::Platform;
pub use crate::severity::Severity;
use crate::{HostName, ReleaseId, Span};

/// Declared minimums of an environment's hosts; what is absent is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Requires {
    /// Memory in bytes.
    pub memory: Option<u64>,
    /// Processor time in hundredths of a core.
    pub cores: Option<u32>,
    /// Free bytes at the root folder.
    pub disk: Option<u64>,
    /// Files that can still be made there.
    pub inodes: Option<u64>,
    /// Oldest kernel.
    pub kernel: Option<VersionNumber>,
    /// Oldest glibc.
    pub glibc: Option<VersionNumber>,
    /// Oldest systemd; it must be process 1.
    pub systemd: Option<VersionNumber>,
    /// The processor's level.
    pub cpu: Option<CpuLevel>,
    /// How far the host's clock may be from the clock of the machine that releases.
    pub clock_skew: Option<Span>,
    /// Files that a process may have open.
    pub open_files: Option<u64>,
    /// Whether there must be a time zone database.
    pub time_zones: bool,
    /// Whether there must be certificates of authorities.
    pub ca_roots: bool,
    /// Addresses that must take a connection, `db.internal:5432`.
    pub tcp: Vec<String>,
    /// Addresses that must answer with a status of 200 to 399.
    pub http: Vec<String>,
    /// Files or folders that must be there.
    pub files: Vec<String>,
    /// Programs that must be there, with their oldest version.
    pub programs: BTreeMap<String, Option<VersionNumber>>,
}

impl Requires {
    /// What has to be tried from each host.
    pub fn probes(&self) -> Vec<Probe> {
        let tcp = self.tcp.iter().map(|address| Probe::Tcp { address: address.clone() });
        let http = self.http.iter().map(|url| Probe::Http { url: url.clone() });
        let files = self.files.iter().map(|path| Probe::File { path: path.clone() });
        let programs = self.programs.keys().map(|name| Probe::Program { name: name.clone() });
        tcp.chain(http).chain(files).chain(programs).collect()
    }
}

/// A version that is compared by its numbers: `5.10`, `2.36`, `15`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionNumber(Vec<u32>);

/// Text that is not a version.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a version: expected numbers between dots, as `5.10`")]
pub struct InvalidVersion(String);

impl VersionNumber {
    /// The first version in a text that also says other things: `5.10` of `5.10.0-28-amd64`, `15.4` of
    /// `psql (PostgreSQL) 15.4 (Debian 15.4-1)`. A word of digits counts, also behind one or
    /// two letters.
    pub fn find(text: &str) -> Option<Self> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
        let numbers = words.filter_map(|word| {
            // `v18.2`, `n6.0`, `go1.22`.
            let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            let word = if word.len() - digits.len() <= 2 { digits } else { word };
            let end = word.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(word.len());
            word[..end].trim_end_matches('.').parse::<Self>().ok()
        });
        // `tool 2 of 15.4` is rare; a number with a dot is the version more often than one without.
        let all: Vec<Self> = numbers.take(8).collect();
        all.iter().find(|version| version.0.len() > 1).or(all.first()).cloned()
    }
}

impl PartialEq for VersionNumber {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for VersionNumber {}

impl PartialOrd for VersionNumber {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Numbers that are not there count as 0, so that `5.10` is met by `5.10.0`.
impl Ord for VersionNumber {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let length = self.0.len().max(other.0.len());
        let padded = |version: &Self| {
            let mut numbers = version.0.clone();
            numbers.resize(length, 0);
            numbers
        };
        padded(self).cmp(&padded(other))
    }
}

impl std::str::FromStr for VersionNumber {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let number =
            |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten();
        let numbers: Option<Vec<u32>> = text.split('.').map(number).collect();
        match numbers {
            Some(numbers) if numbers.len() <= 6 => Ok(Self(numbers)),
            _ => Err(InvalidVersion(text.chars().take(64).collect())),
        }
    }
}

impl TryFrom<String> for VersionNumber {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        text.parse()
    }
}

impl From<VersionNumber> for String {
    fn from(version: VersionNumber) -> Self {
        version.to_string()
    }
}

impl std::fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.pad(&numbers.join("."))
    }
}

/// What a release needs of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseNeeds {
    /// The release.
    pub release: ReleaseId,
    /// What it was built for.
    pub platform: Platform,
    /// The artifact's size in bytes.
    pub size: u64,
    /// What its program needs; absent where it could not be read.
    pub program: Option<ProgramNeeds>,
    /// The least processor that it was compiled for, where it says so.
    pub cpu: Option<CpuLevel>,
    /// Memory that one instance may use.
    pub memory: Option<u64>,
    /// Processor time that one instance may use, in hundredths of a core.
    pub cores: Option<u32>,
    /// Files that one instance may have open.
    pub open_files: Option<u64>,
    /// Files on the host that hold its secrets.
    pub secret_files: Vec<String>,
}

/// How far a host's clock is from ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Skew {
    /// Milliseconds that the host is ahead; negative where it is behind.
    pub ahead: i64,
    /// Half the time that the question was under way: the most that `ahead` can be off by.
    pub within: u64,
}

/// One answer about one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// What kind of question; stable, for scripts.
    pub id: CheckId,
    /// How much it matters where the answer is not yes.
    pub severity: Severity,
    /// The host.
    pub host: HostName,
    /// What is the matter, in words that hold for every host it is the matter with.
    pub what: String,
    /// What was measured.
    pub measured: String,
    /// What is needed; empty where nothing in particular is.
    pub needed: String,
    /// What to do, with the command where there is one.
    pub fix: String,
    /// Whether the host has what is needed.
    pub answer: Answer,
}

impl Finding {
    /// Whether a release may not go there.
    pub fn refuses(&self) -> bool {
        self.answer == Answer::No && self.severity == Severity::Error
    }

    /// Whether it is not known that the host has what a release or a person needs of it.
    pub fn is_open(&self) -> bool {
        self.answer == Answer::Unknown && self.severity == Severity::Error
    }

    /// Whether a person should see it: what is not as it should be, beside mere remarks.
    pub fn matters(&self) -> bool {
        self.answer != Answer::Yes && self.severity > Severity::Info
    }
}

/// What was found out about one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostReport {
    /// The host.
    pub host: HostName,
    /// What it is, or why it did not say.
    pub facts: Fact<HostFacts>,
    /// How far its clock is from ours.
    pub skew: Option<Skew>,
    /// Every answer, also the good ones.
    pub findings: Vec<Finding>,
}

/// Whether a host has what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It has.
    Yes,
    /// That could not be found out.
    Unknown,
    /// It has not.
    No,
}

/// The kinds of questions. Their names, in kebab-case, never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckId {
    /// The release is for this system and processor.
    Platform,
    /// The processor has the level that is needed.
    CpuLevel,
    /// The program's loader is here.
    Loader,
    /// The program's libraries are here.
    Libraries,
    /// The libraries are new enough.
    SymbolVersions,
    /// glibc is new enough.
    Glibc,
    /// The kernel is new enough.
    Kernel,
    /// systemd is new enough.
    Systemd,
    /// There are enough cores.
    Cores,
    /// There is enough memory.
    Memory,
    /// There is room on the disk.
    Disk,
    /// Files can still be made.
    Inodes,
    /// Programs below the root folder can be executed.
    Exec,
    /// The root folder can be written.
    Writable,
    /// The listen port is free or ours.
    Port,
    /// The listen address is the host's.
    Address,
    /// There are ports for instances.
    InstancePorts,
    /// Clients reach the listen port.
    Firewall,
    /// The clock is right.
    Clock,
    /// The clock is kept right.
    ClockSync,
    /// Limits of instances can be enforced.
    Limits,
    /// Enough files can be open.
    OpenFiles,
    /// The time zone database is here.
    TimeZones,
    /// Certificates of authorities are here.
    CaRoots,
    /// `SELinux` lets the program start.
    Selinux,
    /// A file is here.
    File,
    /// A secret's file is here.
    SecretFile,
    /// A program is here and new enough.
    Program,
    /// An address takes connections.
    Tcp,
    /// An address answers.
    Http,
    /// The host answers at all.
    Reachable,
}

impl CheckId {
    /// The name, in kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::CpuLevel => "cpu-level",
            Self::Loader => "loader",
            Self::Libraries => "libraries",
            Self::SymbolVersions => "symbol-versions",
            Self::Glibc => "glibc",
            Self::Kernel => "kernel",
            Self::Systemd => "systemd",
            Self::Cores => "cores",
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Inodes => "inodes",
            Self::Exec => "exec",
            Self::Writable => "writable",
            Self::Port => "port",
            Self::Address => "address",
            Self::InstancePorts => "instance-ports",
            Self::Firewall => "firewall",
            Self::Clock => "clock",
            Self::ClockSync => "clock-sync",
            Self::Limits => "limits",
            Self::OpenFiles => "open-files",
            Self::TimeZones => "time-zones",
            Self::CaRoots => "ca-roots",
            Self::Selinux => "selinux",
            Self::File => "file",
            Self::SecretFile => "secret-file",
            Self::Program => "program",
            Self::Tcp => "tcp",
            Self::Http => "http",
            Self::Reachable => "reachable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_and_compared_by_number() {
        let version = |text: &str| text.parse::<VersionNumber>().unwrap();
        assert!(version("5.10") > version("5.9"));
        assert!(version("5.10") == version("5.10.0") && version("5.10") < version("6"));
        for (text, found) in [
            ("5.10.0-28-amd64", "5.10.0"),
            ("psql (PostgreSQL) 15.4 (Debian 15.4-1)", "15.4"),
            ("go version go1.22.1 linux/amd64", "1.22.1"),
            ("ffmpeg version n6.0.1 Copyright (c) 2000-2023", "6.0.1"),
            ("systemd 252 (252.22-1~deb12u1)", "252.22"),
            ("v18.19.0", "18.19.0"),
        ] {
            assert_eq!(VersionNumber::find(text).map(|v| v.to_string()).as_deref(), Some(found), "{text}");
        }
        for bad in ["", "5.", ".5", "5..1", "a", "1.2.3.4.5.6.7", "99999999999"] {
            assert!(bad.parse::<VersionNumber>().is_err(), "{bad}");
        }
        assert_eq!(VersionNumber::find("no number here"), None);
    }

    #[test]
    fn names_are_those_of_the_json() {
        for id in [CheckId::CpuLevel, CheckId::CaRoots, CheckId::Selinux, CheckId::SecretFile] {
            assert_eq!(serde_json::to_value(id).unwrap(), id.name());
        }
    }
}
