//! How a file is linked, with what, and how new the rest of the world must be for it.

use serde::{Deserialize, Serialize};

/// How a file is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Linkage {
    /// Everything is inside, at a fixed address.
    Static,
    /// Everything is inside, at any address.
    StaticPie,
    /// A loader and perhaps libraries are needed.
    Dynamic,
}

impl Linkage {
    /// The linkage as people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::StaticPie => "static-pie",
            Self::Dynamic => "dynamic",
        }
    }
}

/// A library that is needed, and what satisfies it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Its name, as it is asked for.
    pub name: String,
    /// Its file in the root that was searched; absent where there is none, or none was searched.
    pub path: Option<String>,
    /// The rule that led there: `interpreter`, `path`, `rpath`, `runpath`, `cache`, `configuration`, `default-folder`.
    pub found_by: Option<String>,
    /// The library that asks for it first; absent for the file itself.
    pub needed_by: Option<String>,
    /// Why the file cannot be used though it is there.
    pub problem: Option<String>,
    /// Symbol versions that are needed of it and that it does not define.
    pub missing_versions: Vec<MissingVersion>,
}

impl Library {
    /// Whether it is there with all that is needed of it.
    pub fn is_satisfied(&self) -> bool {
        self.path.is_some() && self.problem.is_none() && self.missing_versions.is_empty()
    }
}

/// A symbol version that a library lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingVersion {
    /// Its name, `GLIBC_2.38`.
    pub version: String,
    /// The library that needs it; absent for the file itself.
    pub needed_by: Option<String>,
}

/// Symbol versions that are needed of one library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryVersions {
    /// The library's name, `libc.so.6`.
    pub library: String,
    /// The versions.
    pub versions: Vec<WeakVersion>,
}

/// A symbol version that is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeakVersion {
    /// Its name, `GLIBC_2.34`.
    pub name: String,
    /// Whether the program starts without it, too.
    pub weak: bool,
}

/// The C library of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CLibrary {
    /// glibc, linked when it starts.
    Glibc,
    /// glibc, linked in.
    GlibcStatic,
    /// musl, linked when it starts.
    Musl,
    /// None: it talks to the kernel itself.
    None,
    /// Nothing tells, or it is another one.
    Unknown,
}

impl CLibrary {
    /// As people say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::GlibcStatic => "glibc, linked in",
            Self::Musl => "musl",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// The newest versions of runtime libraries that a file needs, beside glibc's; absent where it needs none of that kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinimumVersions {
    /// libstdc++: `3.4.30` of `GLIBCXX_3.4.30`.
    pub glibcxx: Option<String>,
    /// libstdc++'s run-time support: `1.3.13`.
    pub cxxabi: Option<String>,
    /// libgcc: `14.0.0`.
    pub gcc: Option<String>,
    /// Whether it was linked against private parts of one build of glibc (`GLIBC_PRIVATE`).
    pub glibc_private: bool,
}

/// The oldest distributions that a dynamic program can run on, as far as glibc and libstdc++ decide it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distributions {
    /// The oldest release of each that is new enough: `Debian 12`.
    pub oldest: Vec<String>,
    /// Those none of whose releases in the table is new enough.
    pub none_of: Vec<String>,
    /// Where the table comes from.
    pub source: String,
}
