//! Artifacts as bytes and paths: what an executable needs, what a signature proves, what a sealed release holds.
//!
//! Nothing here runs a program, asks a clock, reads the environment or uses the network. What comes from outside
//! is bounded in memory and time and never panics.
//!
//! - [`bundle`]: a program with all that it needs in one folder that runs anywhere.
//! - [`delta`]: packing a program as what the other side lacks, and unpacking it.
//! - [`signature`]: Ed25519 signatures in minisign's format.
//! - [`elf`]: facts about an ELF executable, and which library of a target root satisfies which need.
//! - [`go`]: the build information that a Go program carries.
//! - [`gate`]: the first gate on an artifact, against the place where it shall run.
//! - [`mod@inspect`]: all facts about a program file (ELF, Mach-O, PE, script), for `plimsoll inspect` and for rules.
//! - [`release_folder`]: sealing a release into a folder, and checking that folder.
//!
//! SBOM and OCI layouts join as further modules. The full set of checks is a crate
//! of its own, `plimsoll-rules`.

pub mod bundle;
pub mod delta;
pub mod elf;
pub mod gate;
pub mod go;
pub mod inspect;
mod program;
pub mod release_folder;
mod rust;
pub mod signature;
