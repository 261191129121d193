//! `[environments.<environment>.requires]`: what its hosts must have.

use plimsoll_model::facts::CpuLevel;
use plimsoll_model::preflight::{Requires, VersionNumber};

use crate::document::Node;
use crate::settings::{Setting, settings};
use crate::shape::Shape;
use crate::sink::Sink;
use crate::values::list::List;
use crate::values::map::{Map, Name};
use crate::values::number::{Cores, Whole};
use crate::values::size::Memory;
use crate::values::text::{Filled, HttpUrl};
use crate::values::time::SomeTime;
use crate::values::words::words;

settings! {
    /// What every host of the environment must have. `plimsoll doctor` shows it; `ship` and `deploy` refuse where a
    /// host certainly lacks it. What a release needs by itself (processor, libraries, room on the disk, a free port) is
    /// always asked and need not be declared.
    RequiresLayer;
    /// Memory that programs can have at most.
    "memory" => memory: Memory;
    /// Processor time in cores, after what control groups allow.
    "cores" => cores: Cores;
    /// Free space where releases are kept. Without it less than three times the artifact is a warning.
    "disk" => disk: Memory;
    /// Files that can still be made there.
    "inodes" => inodes: Whole<1, 4_000_000_000>;
    /// The oldest Linux kernel, as `"5.10"`.
    "kernel" => kernel: VersionNumber;
    /// The oldest glibc, as `"2.31"`.
    "glibc" => glibc: VersionNumber;
    /// The oldest systemd, as `"247"`; it must be process 1.
    "systemd" => systemd: VersionNumber;
    /// The least processor.
    "cpu" => cpu: CpuLevel;
    /// How far the host's clock may be from that of the machine that releases. Without it more than 60 s is a
    /// warning.
    "clock-skew" => clock_skew: SomeTime;
    /// Files and connections that a process may have open.
    "open-files" => open_files: Whole<16, 1_048_576>;
    /// Whether there must be a time zone database.
    "time-zones" => time_zones: bool = "false";
    /// Whether there must be certificates of authorities.
    "ca-roots" => ca_roots: bool = "false";
    /// Databases and other servers that must take a connection from the host, as `"db.internal:5432"`.
    "tcp" => tcp: List<HostAndPort> = "[]";
    /// Addresses that must answer the host with a status from 200 to 399.
    "http" => http: List<HttpUrl> = "[]";
    /// Files or folders that must be on the host.
    "files" => files: List<AbsolutePath> = "[]";
    /// Programs that must be in the host's search path, each with its oldest version (`"15.2"`, or `"any"`): it is run
    /// as `PROGRAM --version`.
    "programs" => programs: Map<ProgramName, OldestVersion> = "{}";
}

impl RequiresLayer {
    pub(crate) fn resolve(&self) -> Requires {
        let programs = self.programs();
        Requires {
            memory: self.memory.value().map(|size| size.0),
            cores: self.cores.value().map(|cores| cores.0),
            disk: self.disk.value().map(|size| size.0),
            inodes: self.inodes.value().map(|count| count.0.into()),
            kernel: self.kernel.value().cloned(),
            glibc: self.glibc.value().cloned(),
            systemd: self.systemd.value().cloned(),
            cpu: self.cpu.value().copied(),
            clock_skew: self.clock_skew.value().map(|time| time.0),
            open_files: self.open_files.value().map(|files| files.0.into()),
            time_zones: self.time_zones(),
            ca_roots: self.ca_roots(),
            tcp: self.tcp().values().map(|address| address.0).collect(),
            http: self.http().values().map(|url| url.0).collect(),
            files: self.files().values().map(|path| path.0).collect(),
            programs: programs.given().map(|(name, at)| (name.0.clone(), at.value.0.clone())).collect(),
        }
    }
}

words!(
    CpuLevel,
    [
        ("x86-64-v1", CpuLevel::V1, "every 64-bit processor of Intel and AMD"),
        ("x86-64-v2", CpuLevel::V2, "with SSE 4.2; since about 2009"),
        ("x86-64-v3", CpuLevel::V3, "with AVX 2; since about 2013"),
        ("x86-64-v4", CpuLevel::V4, "with AVX 512"),
    ]
);

const VERSION_PATTERN: &str = r"^[0-9]{1,9}(\.[0-9]{1,9}){0,5}$";

impl Setting for VersionNumber {
    fn shape() -> Shape {
        Shape::Text { what: "version", pattern: Some(VERSION_PATTERN) }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let version = node.text().and_then(|text| text.parse().ok());
        if version.is_none() {
            let number = node.number();
            let problem = node.wrong("a version: numbers between dots", sink);
            match number {
                // `5.10` without quotes is the number 5.1.
                Some(_) => problem.help("put it between quotes: \"5.10\" and 5.10 are not the same"),
                None => problem.help("write it as \"5.10\" or \"252\""),
            };
        }
        version
    }
}

/// The oldest version that will do; none where every one will.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OldestVersion(pub(crate) Option<VersionNumber>);

impl Setting for OldestVersion {
    fn shape() -> Shape {
        Shape::Text { what: "version", pattern: Some(r"^(any|[0-9]{1,9}(\.[0-9]{1,9}){0,5})$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        if node.text() == Some("any") {
            return Some(Self(None));
        }
        VersionNumber::read(node, sink).map(|version| Self(Some(version)))
    }
}

/// A program's name, without folders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProgramName(pub(crate) String);

impl Name for ProgramName {
    const WHAT: &'static str = "program";
    const PATTERN: &'static str = "^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}$";

    fn read(text: &str, span: std::ops::Range<usize>, sink: &mut Sink<'_>) -> Option<Self> {
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.+-".contains(&b));
        if begins_well && plain && text.len() <= 64 {
            return Some(Self(text.to_owned()));
        }
        sink.error(span, format!("{} is not the name of a program", crate::document::quoted(text)))
            .help("name it as it is typed, without folders: it is looked for in the search path");
        None
    }
}

/// A host name or address with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostAndPort(pub(crate) String);

impl Setting for HostAndPort {
    fn shape() -> Shape {
        Shape::Text {
            what: "host and port",
            pattern: Some(r"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$"),
        }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let parts = node.text().and_then(|text| Some((text, text.rsplit_once(':')?)));
        let is_host = |host: &str| {
            let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            inner.map_or_else(
                || {
                    let name = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
                    (1..=253).contains(&host.len()) && host.bytes().all(name)
                },
                |inner| inner.parse::<std::net::Ipv6Addr>().is_ok(),
            )
        };
        let digits = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
        if let Some((text, (host, port))) = parts
            && is_host(host)
            && digits(port)
            && port.parse::<u16>().is_ok_and(|port| port > 0)
        {
            return Some(Self(text.to_owned()));
        }
        let is_url = node.text().is_some_and(|text| text.contains("://"));
        let problem = node.wrong("a host and a port, as \"db.internal:5432\"", sink);
        if is_url {
            problem.help("for an address that answers HTTP use `http`");
        }
        None
    }
}

/// The path of a file on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AbsolutePath(pub(crate) String);

impl Setting for AbsolutePath {
    fn shape() -> Shape {
        Shape::Text { what: "absolute path", pattern: Some("^/") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let path = Filled::read(node, sink)?.0;
        if path.starts_with('/') {
            return Some(Self(path));
        }
        node.wrong("a path that begins with `/`", sink)
            .help("it is looked for on the host, not in the project");
        None
    }
}
