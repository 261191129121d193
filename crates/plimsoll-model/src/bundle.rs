//! What a bundle holds, from where, and what its program loads at run time: `bundle.json`, and what `plimsoll bundle` tells.

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::inspection::Linkage;
use crate::release::Platform;

/// The version of this shape: fields are added, never renamed.
pub const SCHEMA_VERSION: u32 = 1;
/// The file of a bundle that has this.
pub const BUNDLE_FILE: &str = "bundle.json";
/// Stands for the bundle's folder in values of variables.
pub const FOLDER: &str = "{bundle}";

/// A bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// The version of this shape.
    pub schema_version: u32,
    /// What is executed, below the bundle's folder: `bin/ls`.
    pub start: String,
    /// The program on the machine that made the bundle.
    pub source: String,
    /// What it runs on.
    pub platform: Option<Platform>,
    /// How it is linked.
    pub linkage: Linkage,
    /// Bytes of all files together.
    pub size: u64,
    /// What is set for the program, where its caller has not set it.
    pub environment: Vec<Variable>,
    /// What is loaded at run time.
    pub run_time: Vec<RunTime>,
    /// Everything inside but `bundle.json`, by path.
    pub files: Vec<BundledFile>,
}

/// A variable of the environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; [`FOLDER`] stands for the bundle's folder.
    pub value: String,
}

/// Something that is loaded at run time, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTime {
    /// What: `name-services`, a library, a path.
    pub what: String,
    /// What became of it.
    pub state: RunTimeState,
    /// What shows that it is loaded, or what was done.
    pub why: String,
    /// What to do, where something is left to do.
    pub advice: Option<String>,
}

/// What became of something that is loaded at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunTimeState {
    /// It was found and is inside.
    Added,
    /// It is inside because it was asked for.
    Given,
    /// It is not inside, and may be needed.
    Asked,
    /// It was left out on purpose.
    LeftOut,
    /// A text looks like a library; whether it is ever loaded is not known.
    Unknown,
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledFile {
    /// Where it is, below the bundle's folder.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// The file of which it is a copy.
    pub from: Option<String>,
    /// Digest of its bytes; absent for links and folders.
    pub sha256: Option<Digest>,
    /// Its bytes; 0 for links and folders.
    pub size: u64,
    /// Where a link leads, relative to its own folder.
    pub target: Option<String>,
}

/// What a file of a bundle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A program.
    Program,
    /// The loader that programs are started with.
    Loader,
    /// A library or module.
    Library,
    /// The small program that starts a program with the loader.
    Launcher,
    /// Anything else.
    Data,
    /// A symbolic link.
    Link,
    /// A folder that would be lost otherwise, as nothing is in it.
    Folder,
}
