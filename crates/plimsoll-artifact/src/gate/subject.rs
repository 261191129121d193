//! What is judged, and the place that it is judged for.

use std::fs;
use std::path::Path;

use plimsoll_model::release::Platform;

use crate::elf::{self, Facts, InspectError};
use crate::go;

/// An artifact and what is known about it.
#[derive(Debug)]
pub struct Subject {
    /// The file as the user names it.
    pub name: String,
    /// What the file system says about it.
    pub file: FileMetadata,
    /// What its bytes say, or why they say nothing.
    pub program: Result<Facts, InspectError>,
    /// What it says about having been made by Go.
    pub go: go::Program,
}

/// What the file system says about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMetadata {
    /// Whether its mode lets anyone start it.
    pub executable: bool,
    /// Its size in bytes.
    pub size: u64,
}

/// A place where a program shall run.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Its system and processor.
    pub platform: &'a Platform,
    /// Its root folder, as it is seen from here: `/` for this machine.
    pub root: &'a Path,
    /// The folder on the target that the program will be in, where it is known: for libraries beside the program.
    pub folder: Option<&'a Path>,
}

impl Subject {
    /// Looks at a file of this machine. What cannot be read becomes a finding of the gate.
    pub fn of_file(path: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs::metadata(path).ok();
        let file = FileMetadata {
            executable: metadata.as_ref().is_some_and(|m| m.permissions().mode() & 0o111 != 0),
            size: metadata.map_or(0, |m| m.len()),
        };
        let name = path.display().to_string();
        Self { name, file, program: elf::inspect_file(path), go: go::inspect_file(path) }
    }

    /// Looks at bytes held in memory.
    pub fn of_bytes(name: &str, bytes: &[u8], executable: bool) -> Self {
        let file = FileMetadata { executable, size: bytes.len() as u64 };
        Self { name: name.to_owned(), file, program: elf::inspect(bytes), go: go::inspect(bytes) }
    }
}
