//! What a host is: processor, memory, disk, clock, ports, security, and what it answers when a declared probe is tried.
//!
//! Plain data, gathered by the host's agent and judged by `plimsoll-plan`. Nothing here is a guess: what could not be
//! found out is [`Fact::Unknown`] with the reason. What is asked for is a [`FactsOrder`].

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::release::Platform;
use crate::{ReleaseId, Span, Timestamp};

/// Something that was found out, or the reason why it was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact<T> {
    /// It is so.
    Known(T),
    /// It could not be found out.
    Unknown(String),
}

impl<T> Fact<T> {
    /// The value where it is known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// A fact that is not known, for this reason.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(why.into())
    }

    /// The same with another value where it is known.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(change(value)),
            Self::Unknown(why) => Fact::Unknown(why),
        }
    }
}

impl<T> From<Result<T, String>> for Fact<T> {
    fn from(result: Result<T, String>) -> Self {
        result.map_or_else(Self::Unknown, Self::Known)
    }
}

/// What is asked of a host beside what it always tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FactsOrder {
    /// The address that the service will listen on.
    pub listen: Option<SocketAddr>,
    /// Whether this release is here already.
    pub release: Option<ReleaseId>,
    /// A program that shall run here: what it needs is looked for as its loader would.
    pub program: Option<Box<ProgramNeeds>>,
    /// What is tried from the host.
    pub probes: Vec<Probe>,
}

/// What a program needs of the host that starts it; read from its file, without running it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProgramNeeds {
    /// ELF's number of the machine.
    pub machine: u16,
    /// Whether addresses have 64 bits.
    pub wide: bool,
    /// Whether numbers begin with their highest byte.
    pub big_endian: bool,
    /// The loader that starts it.
    pub loader: Option<String>,
    /// The libraries that it names.
    pub libraries: Vec<String>,
    /// Folders to search before all others.
    pub rpath: Vec<String>,
    /// Folders to search for its own needs.
    pub runpath: Vec<String>,
    /// Whether the default folders are not searched.
    pub no_default_folders: bool,
    /// Symbol versions that it needs, by library; weak ones are left out.
    pub versions: Vec<LibraryVersions>,
    /// The oldest glibc that has what it needs.
    pub glibc: Option<String>,
}

/// Symbol versions of one library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LibraryVersions {
    /// The library, `libc.so.6`.
    pub library: String,
    /// The versions, `GLIBC_2.34`.
    pub versions: Vec<String>,
}

/// Something that is tried from the host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Probe {
    /// A connection to a host name or address and a port.
    Tcp {
        /// `db.internal:5432`.
        address: String,
    },
    /// The status that a GET request is answered with.
    Http {
        /// The address.
        url: String,
    },
    /// A file or folder.
    File {
        /// Its absolute path.
        path: String,
    },
    /// A program in the search path, and its version as `PROGRAM --version` prints it.
    Program {
        /// Its name.
        name: String,
    },
}

/// What came of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProbeResult {
    /// What was tried.
    pub probe: Probe,
    /// What came of it; unknown where it could not be tried.
    pub outcome: Fact<ProbeOutcome>,
}

/// What came of a probe that could be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeOutcome {
    /// It is there: what connected, the path, the whole version line.
    There(String),
    /// An HTTP status.
    Status(u16),
    /// A program and its version.
    Version(String),
    /// It is not there or does not answer.
    Missing(String),
}

/// Everything that a host tells about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostFacts {
    /// The host's clock when it began to look.
    pub began: Timestamp,
    /// The host's clock when it was done.
    pub ended: Timestamp,
    /// Its system and processor, in Go's words.
    pub platform: Platform,
    /// The kernel's version, `6.1.0-28-amd64`.
    pub kernel: Fact<String>,
    /// What is installed on it.
    pub distribution: Fact<Distribution>,
    /// The C library that `ld.so` finds; absent where there is none.
    pub glibc: Fact<Option<Library>>,
    /// musl's loader, where there is one.
    pub musl: Option<String>,
    /// The processor.
    pub processor: Processor,
    /// Memory and swap.
    pub memory: Fact<Memory>,
    /// The root folder and the file system below it.
    pub root: RootFolder,
    /// How the clock is kept.
    pub clock: Clock,
    /// Time since boot.
    pub uptime: Fact<Span>,
    /// The folder of the time zone database, where there is one.
    pub zones: Fact<Option<String>>,
    /// The file or folder of certificates of authorities, where there is one.
    pub authorities: Fact<Option<String>>,
    /// The address that the service will listen on; absent where it was not asked for.
    pub listen: Option<ListenFacts>,
    /// Ports for instances.
    pub instance_ports: Fact<InstancePorts>,
    /// What filters packets.
    pub firewall: Firewall,
    /// `SELinux` and `AppArmor`.
    pub confinement: Confinement,
    /// Who the agent is.
    pub user: User,
    /// systemd, where it is process 1.
    pub systemd: Fact<Option<Systemd>>,
    /// Control groups.
    pub cgroups: Fact<Cgroups>,
    /// Files that a process of the agent's user may have open.
    pub open_files: Fact<FileLimit>,
    /// Whether the program finds what it needs; absent where none was asked about.
    pub program: Option<Vec<Unmet>>,
    /// What came of the probes, in their order.
    pub probes: Vec<ProbeResult>,
}

/// A distribution as `/etc/os-release` names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Distribution {
    /// `debian`.
    pub id: String,
    /// `12`; absent for rolling ones.
    pub version: Option<String>,
    /// `Debian GNU/Linux 12 (bookworm)`.
    pub name: String,
}

/// A library and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Library {
    /// Its version, `2.36`.
    pub version: String,
    /// Its file.
    pub path: String,
}

/// The processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Processor {
    /// Its name.
    pub model: Fact<String>,
    /// `x86-64-v3`; absent on other processors.
    pub level: Fact<Option<CpuLevel>>,
    /// Its features, as the kernel lists them.
    pub features: Fact<Vec<String>>,
    /// Cores that the agent may run on.
    pub cores: Fact<u32>,
    /// Processor time that control groups allow, in hundredths of a core; absent where they do not limit it.
    pub quota: Fact<Option<u32>>,
}

/// A level of x86-64 processors; each has all that those before it have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CpuLevel {
    /// Every one.
    #[serde(rename = "x86-64-v1")]
    V1,
    /// SSE 4.2.
    #[serde(rename = "x86-64-v2")]
    V2,
    /// AVX 2.
    #[serde(rename = "x86-64-v3")]
    V3,
    /// AVX 512.
    #[serde(rename = "x86-64-v4")]
    V4,
}

impl CpuLevel {
    /// Its name as compilers take it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "x86-64-v1",
            Self::V2 => "x86-64-v2",
            Self::V3 => "x86-64-v3",
            Self::V4 => "x86-64-v4",
        }
    }
}

impl std::fmt::Display for CpuLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Memory in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// What new programs can have without swapping.
    pub available: u64,
    /// What control groups around the agent allow; absent where they do not limit it.
    pub limit: Option<u64>,
    /// Swap space.
    pub swap: u64,
}

impl Memory {
    /// What programs here can have at most.
    pub fn usable(&self) -> u64 {
        self.limit.map_or(self.total, |limit| limit.min(self.total))
    }
}

/// The folder that releases and state are in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RootFolder {
    /// Its path.
    pub path: String,
    /// The part of the path that exists: where it will be made, if it is not there yet.
    pub existing: String,
    /// Whether the agent may make files there.
    pub writable: Fact<bool>,
    /// The file system below it.
    pub disk: Fact<Disk>,
    /// Whether the release that was asked about is here.
    pub has_release: Option<bool>,
}

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Disk {
    /// Where it is mounted, and its type, `ext4`.
    pub mount: Fact<Mount>,
    /// Bytes in all.
    pub total: u64,
    /// Bytes that the agent's user can still have.
    pub free: u64,
    /// Files that the user can still make; absent where the file system does not count them.
    pub free_inodes: Option<u64>,
    /// Nothing on it can be executed.
    pub no_exec: bool,
    /// Programs on it get no rights of their owner or by their capabilities.
    pub no_suid: bool,
    /// Nothing on it can be changed.
    pub read_only: bool,
}

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Mount {
    /// Where.
    pub point: String,
    /// Its type.
    pub kind: String,
}

/// How the clock is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Clock {
    /// Whether a time server was reached.
    pub synchronised: Fact<bool>,
    /// The program that keeps it, where one is seen.
    pub keeper: Option<String>,
}

/// The address that the service will listen on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListenFacts {
    /// The address.
    pub address: SocketAddr,
    /// Who has it.
    pub port: Fact<PortUse>,
    /// Whether the host has the address; always for the unspecified one.
    pub is_ours: Fact<bool>,
    /// Whether the agent's user may take ports this low.
    pub permitted: Fact<bool>,
}

/// Who has a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortUse {
    /// Nobody.
    Free,
    /// This service's own proxy.
    Ours,
    /// Somebody else.
    Held(String),
}

/// Ports that instances are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InstancePorts {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
    /// How many somebody listens on.
    pub taken: u32,
    /// The range that the kernel takes ports of outgoing connections from, where it overlaps.
    pub ephemeral: Option<(u16, u16)>,
}

/// What filters packets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Firewall {
    /// Whether rules are in force.
    pub active: Fact<bool>,
    /// What manages them, where it is known: `ufw`, `firewalld`.
    pub manager: Option<String>,
    /// Whether the listen port is let in from other machines; absent where no port was asked about.
    pub lets_in: Option<Fact<bool>>,
}

/// What confines programs beyond the permissions of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Confinement {
    /// `SELinux`.
    pub selinux: Fact<SelinuxMode>,
    /// Whether `AppArmor` is on.
    pub apparmor: Fact<bool>,
}

/// What `SELinux` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelinuxMode {
    /// Nothing: it is not there.
    Absent,
    /// It only reports.
    Permissive,
    /// It refuses.
    Enforcing,
}

/// Who the agent is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct User {
    /// Its number.
    pub uid: u32,
    /// Its name in `/etc/passwd`, if it has one there.
    pub name: Option<String>,
    /// Whether its services go on after it logs out.
    pub lingers: Fact<bool>,
}

/// systemd as process 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Systemd {
    /// Its version.
    pub version: Fact<u32>,
}

/// Control groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cgroups {
    /// 1 or 2.
    pub version: u8,
    /// The controllers that the agent can hand on to instances.
    pub controllers: Vec<String>,
    /// Whether the agent may make groups of its own.
    pub writable: bool,
}

/// Files that a process may have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FileLimit {
    /// At first; absent where it is not limited.
    pub soft: Option<u64>,
    /// After it asks for more; absent where it is not limited.
    pub hard: Option<u64>,
}

/// Something that a program needs and does not find on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Unmet {
    /// The loader that starts it.
    Loader {
        /// Its path.
        path: String,
        /// Why it cannot be used though it is there; absent where it is not.
        unusable: Option<String>,
    },
    /// A library.
    Library {
        /// Its name.
        name: String,
        /// The library that needs it; absent for the program itself.
        needed_by: Option<String>,
        /// Why it cannot be used though it is there; absent where it is not.
        unusable: Option<String>,
    },
    /// Symbol versions of a library that is there, but older.
    Versions {
        /// The library's file.
        path: String,
        /// What it lacks.
        versions: Vec<String>,
    },
}
