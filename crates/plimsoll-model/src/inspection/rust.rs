//! What a program says of Rust.

use serde::{Deserialize, Serialize};

use super::Answer;

/// What a program says of Rust.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rust {
    /// The compiler's version, `1.90.0`; absent where the file does not tell.
    pub rustc: Option<String>,
    /// The compiler's commit.
    pub commit: Option<String>,
    /// What shows that Rust is in it.
    pub evidence: String,
    /// Whether `cargo auditable` wrote down what it was built from.
    pub auditable: Answer,
    /// What it was built from, as `cargo auditable` wrote it.
    pub packages: Vec<RustPackage>,
    /// Crates that paths of sources name: some of what is in it, never all, and `name-version` as the folder is called.
    pub crates_in_paths: Vec<String>,
}

/// A package that a program was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RustPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it is from: `crates.io`, `git`, `local`, `registry` or a more exact word.
    pub source: String,
    /// Whether it only took part in the build.
    pub build_only: bool,
    /// Whether it is the program itself.
    pub root: bool,
}
