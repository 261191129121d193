//! What a program says of Go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Answer;

/// What a program says of Go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Go {
    /// The version of Go, `go1.26.8`.
    pub version: Option<String>,
    /// Whether the build information is there; without it the version is a text found in the data.
    pub build_info: Answer,
    /// Import path of the main package.
    pub path: Option<String>,
    /// The module of the main package.
    pub main: Option<GoModule>,
    /// The modules that it was built with. Empty does not mean none: builds from a vendor folder and outside of modules do
    /// not record them.
    pub modules: Vec<GoModule>,
    /// All settings of the build.
    pub settings: BTreeMap<String, String>,
    /// The commit that was built.
    pub revision: Option<String>,
    /// Whether the tree held changes that the commit does not.
    pub modified: Answer,
    /// Whether paths of the build's machine were left out (`-trimpath`).
    pub trimmed: Answer,
    /// Whether cgo was switched on. That does not mean that C code is in it.
    pub cgo_enabled: Answer,
    /// Whether C code is in it.
    pub cgo: Answer,
    /// The packages that call C.
    pub cgo_packages: Vec<String>,
    /// How it looks up names of hosts.
    pub resolver: Resolver,
    /// Whether it looks up users through the C library.
    pub users_through_c: Answer,
    /// Whether it loads time zones by name.
    pub loads_time_zones: Answer,
    /// Whether the time zone database is in it.
    pub embeds_time_zones: Answer,
    /// Whether it loads the system's certificates of authorities.
    pub loads_system_roots: Answer,
    /// Whether certificates of authorities are in it, for where the system has none.
    pub embeds_roots: Answer,
    /// Defaults of `GODEBUG` that the linker wrote.
    pub godebug: BTreeMap<String, String>,
    /// How many functions have a name in it, inlined ones too; absent where the table of names could not be read.
    pub function_count: Option<u64>,
    /// The packages whose functions are in it.
    pub packages: Vec<String>,
    /// The names of all functions, where they were asked for.
    pub functions: Option<Vec<String>>,
}

/// A module of Go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoModule {
    /// Its path, `golang.org/x/net`.
    pub path: String,
    /// Its version; `(devel)` for what was built in its own folder.
    pub version: Option<String>,
    /// Its checksum, as in `go.sum`.
    pub sum: Option<String>,
    /// What stands in for it (`replace`).
    pub replaced_by: Option<GoModuleReplacement>,
}

/// A module that stands in for another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoModuleReplacement {
    /// Its path; of a folder where it begins with `.` or `/`.
    pub path: String,
    /// Its version; absent for a folder.
    pub version: Option<String>,
    /// Its checksum.
    pub sum: Option<String>,
}

/// How a Go program looks up names of hosts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolver {
    /// It does not.
    None,
    /// By itself.
    Go,
    /// Through the system's library.
    System,
    /// By itself or through the system's library: settings of the host decide.
    Both,
    /// Nothing in the file tells.
    #[default]
    Unknown,
}

impl Resolver {
    /// As people say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none: it looks up no names",
            Self::Go => "Go's own",
            Self::System => "the system's",
            Self::Both => "Go's own or the system's: the host decides",
            Self::Unknown => "unknown",
        }
    }
}
