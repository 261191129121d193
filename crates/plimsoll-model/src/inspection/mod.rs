//! What `plimsoll inspect` says of a file: facts read from its bytes, nothing of it was run.
//!
//! [`Inspection`] is the whole answer about one file, and its JSON is a shape that others rely on: fields are added, never
//! renamed. A fact that does not apply to a kind of file is absent (`null`); one that could not be found out says
//! `unknown`, and never `no`. The reading is `plimsoll-artifact`'s, the text `plimsoll-report`'s.

mod exposure;
mod go;
mod hardening;
mod linkage;
mod platforms;
mod rust;
mod schema;
mod shape;

use serde::{Deserialize, Serialize};

pub use exposure::{Exposure, ExposureLevel, ExposureRow, Tenths};
pub use go::{Go, GoModule, GoModuleReplacement, Resolver};
pub use hardening::{Hardening, Protection, Verdict};
pub use linkage::{
    CLibrary, Distributions, Library, LibraryVersions, Linkage, MinimumVersions, MissingVersion, WeakVersion,
};
pub use platforms::{MachO, Pe, Slice};
pub use rust::{Rust, RustPackage};
pub use schema::json_schema;

use crate::facts::CpuLevel;
use crate::release::Platform;

/// The version of the shape.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that is known of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The file, as it was named.
    pub path: String,
    /// What kind of file it is.
    pub format: FileFormat,
    /// Why there are no facts; absent where there are.
    pub problem: Option<Problem>,
    /// Its size in bytes.
    pub size: u64,
    /// What it is to be used for.
    pub purpose: Option<Purpose>,
    /// The system and processor that it is for, in Go's words, where they are known.
    pub platform: Option<Platform>,
    /// Processor, width and byte order.
    pub machine: Option<Machine>,
    /// How it is linked.
    pub linkage: Option<Linkage>,
    /// What shows it, one sentence.
    pub linkage_reason: Option<String>,
    /// What starts it: the loader of a dynamic program, the interpreter of a script.
    pub interpreter: Option<String>,
    /// Whether the interpreter is in the root that was searched.
    pub interpreter_present: Option<Answer>,
    /// The root folder that libraries were searched in; absent where none were: other systems' loaders are not imitated.
    pub root: Option<String>,
    /// The libraries that the file itself names, in order.
    pub needed: Vec<String>,
    /// All libraries, those of libraries too, in the order in which they are loaded.
    pub libraries: Vec<Library>,
    /// The name that a library gives itself.
    pub soname: Option<String>,
    /// Folders to search for libraries before all others (`DT_RPATH`).
    pub rpath: Vec<String>,
    /// Folders to search for its own needs (`DT_RUNPATH`, or `LC_RPATH` of Mach-O).
    pub runpath: Vec<String>,
    /// Symbol versions that it needs, by library.
    pub required_versions: Vec<LibraryVersions>,
    /// Symbol versions that it defines.
    pub defined_versions: Vec<String>,
    /// The C library that is in it or that it is linked with.
    pub c_library: Option<CLibrary>,
    /// Whether a glibc that is linked in looks up hosts, users or services: it loads the host's modules for that, which must be of
    /// its own version. Absent for all other programs.
    pub loads_name_services: Option<Answer>,
    /// The oldest glibc that has all that it needs; absent where it needs nothing of glibc.
    pub minimum_glibc: Option<String>,
    /// The newest versions of other runtime libraries that it needs.
    pub minimum_versions: MinimumVersions,
    /// The oldest distributions whose C and C++ libraries are new enough.
    pub distributions: Option<Distributions>,
    /// The oldest kernel that its start-up code accepts.
    pub minimum_kernel: Option<String>,
    /// The processor level that it says it needs; absent where it says none.
    pub cpu_level: Option<CpuLevel>,
    /// How it is protected.
    pub hardening: Option<Hardening>,
    /// Names and debug information.
    pub symbols: Option<Symbols>,
    /// The linker's build id in hexadecimal digits.
    pub build_id: Option<String>,
    /// Paths of the machine that built it.
    pub build_paths: Option<BuildPaths>,
    /// Whether a packer (UPX) made it: what is read then is about the packer.
    pub packed: Option<Answer>,
    /// Whether Go made it.
    pub is_go: Option<Answer>,
    /// What it says of Go, where it is Go's or might be.
    pub go: Option<Go>,
    /// Whether code of Rust is in it. There is no mark that all of it carries, so this is never `no` for a program.
    pub is_rust: Option<Answer>,
    /// What it says of Rust, where code of Rust is in it.
    pub rust: Option<Rust>,
    /// What only Mach-O files have.
    pub mach_o: Option<MachO>,
    /// What only PE files have.
    pub pe: Option<Pe>,
    /// How much a systemd unit leaves its service exposed.
    pub exposure: Option<Exposure>,
}

impl Inspection {
    /// An answer about a file of which nothing is known yet.
    pub fn of(path: impl Into<String>, format: FileFormat) -> Self {
        Self { schema_version: SCHEMA_VERSION, path: path.into(), format, ..Self::default() }
    }

    /// An answer about a file that has no facts.
    pub fn without_facts(path: impl Into<String>, problem: Problem) -> Self {
        Self { problem: Some(problem), ..Self::of(path, FileFormat::Unknown) }
    }

    /// The libraries that are not there, or lack what is needed of them.
    pub fn unmet(&self) -> impl Iterator<Item = &Library> {
        let searched = self.root.is_some();
        self.libraries.iter().filter(move |library| searched && !library.is_satisfied())
    }
}

/// What kind of file it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileFormat {
    /// ELF: Linux and most other systems.
    Elf,
    /// Mach-O: macOS.
    MachO,
    /// PE: Windows.
    Pe,
    /// A text that another program interprets.
    Script,
    /// A unit of systemd.
    SystemdUnit,
    /// None that is known here.
    #[default]
    Unknown,
}

/// What a program file is to be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To be started.
    Program,
    /// To be loaded by programs.
    Library,
    /// To be linked.
    Object,
    /// To be looked at after a crash.
    CoreDump,
    /// None of these.
    Other,
}

/// Why a file has no facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

/// Processor, width and byte order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name in Go's words; its number where it has no name here.
    pub name: String,
    /// Width of addresses in bits.
    pub bits: u8,
    /// Order of the bytes of a number.
    pub byte_order: ByteOrder,
}

/// Order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByteOrder {
    /// Least first.
    Little,
    /// Greatest first.
    Big,
}

/// An answer that need not be known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Nothing in the file tells.
    #[default]
    Unknown,
}

impl Answer {
    /// The answer to a question that was answered.
    pub const fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    /// Whether it is yes.
    pub const fn is_yes(self) -> bool {
        matches!(self, Self::Yes)
    }

    /// As people say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// Which names a file carries beside those that linking needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Symbols {
    /// Names, lines and types for a debugger.
    DebugInformation,
    /// Names of functions and variables.
    Names,
    /// None: the file is stripped.
    Stripped,
    /// The tables are damaged, so that nobody can tell.
    Unknown,
}

/// Paths of the machine that built a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildPaths {
    /// Whether there are any.
    pub found: Answer,
    /// How many different ones were seen.
    pub count: u64,
    /// Some of them.
    pub examples: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_others_rely_on_do_not_change() {
        let library = Library {
            name: "libc.so.6".to_owned(),
            path: Some("/lib/libc.so.6".to_owned()),
            found_by: Some("cache".to_owned()),
            ..Library::default()
        };
        let inspection = Inspection {
            linkage: Some(Linkage::StaticPie),
            minimum_glibc: Some("2.34".to_owned()),
            libraries: vec![library],
            go: Some(Go::default()),
            ..Inspection::of("app", FileFormat::MachO)
        };
        let json = serde_json::to_value(&inspection).unwrap();
        for (name, expected) in [
            ("/path", "\"app\""),
            ("/format", "\"mach-o\""),
            ("/linkage", "\"static-pie\""),
            ("/interpreter", "null"),
            ("/libraries/0/name", "\"libc.so.6\""),
            ("/libraries/0/path", "\"/lib/libc.so.6\""),
            ("/libraries/0/found_by", "\"cache\""),
            ("/minimum_glibc", "\"2.34\""),
            ("/rust", "null"),
            ("/is_go", "null"),
        ] {
            assert_eq!(json.pointer(name).unwrap().to_string(), expected, "{name}");
        }
        assert!(json["go"].is_object());
        assert_eq!(serde_json::from_value::<Inspection>(json).unwrap(), inspection);
    }
}
