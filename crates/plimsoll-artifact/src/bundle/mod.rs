//! A program with all that it needs in one folder, which runs wherever that folder is put.
//!
//! ```text
//! bin/NAME         a small static program of ours: finds the folder, executes the loader (`launcher`)
//! libexec/NAME     the program itself
//! lib/             its loader and libraries, under the names by which they are asked for
//! tree/...         what it opens while it runs, under the paths that it has on this machine
//! bundle.json      what is inside, from where, and what is loaded at run time
//! ```
//!
//! [`plan`] decides what belongs inside and changes nothing; [`write`] copies it. `gathering` is the plan under way: programs,
//! closures, trees. `families` know what kinds of programs open at run time; `evidence` is what they judge by; `unknown` names
//! what no family knows. No ELF file is ever changed: copies are byte for byte.

mod error;
mod evidence;
mod families;
mod gathering;
mod given;
mod launcher;
mod tree;
mod unknown;
mod write;

#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use error::BundleError;
pub use families::names as families;
pub use gathering::{Plan, plan};
pub use write::write;

/// What is to be bundled.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The program, as an absolute path.
    pub program: PathBuf,
    /// Files and folders that come with it, as absolute paths.
    pub with: Vec<PathBuf>,
    /// What stays out on purpose: names of [`families`], of libraries, or absolute paths.
    pub without: Vec<String>,
}
