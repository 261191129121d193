//! Everything that is known of a program file, as `plimsoll inspect` says it: one [`Inspection`] a file.
//!
//! [`inspect`] chooses the reader by the file's first bytes; `elf`, `macho`, `pe` and `script` are the readers, `common`
//! what they share (Go, Rust, paths of the build), `hardening` and `distributions` what follows from an ELF file's facts.

mod common;
mod distributions;
mod elf;
mod hardening;
mod macho;
mod pe;
mod script;

#[cfg(test)]
mod compilers;
#[cfg(test)]
mod go_matrix;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod oracle;

use std::path::{Path, PathBuf};

use plimsoll_model::inspection::{FileFormat, Inspection, Problem};

use crate::elf::{InspectError, open_plain};
use crate::program::Source;

/// The system's number for a circle of symbolic links; the standard library has no stable name for it.
const ELOOP: i32 = 40;

/// What is asked about files.
#[derive(Debug, Clone)]
pub struct Question {
    /// The root folder in which libraries are searched: `/` for this machine.
    pub root: PathBuf,
    /// Whether the names of all functions of Go programs are wanted.
    pub functions: bool,
}

impl Default for Question {
    fn default() -> Self {
        Self { root: PathBuf::from("/"), functions: false }
    }
}

/// Says what is known of a program file. Nothing of it is run; a file that cannot be read says why.
pub fn inspect(path: &Path, question: &Question) -> Inspection {
    let name = path.display().to_string();
    let read = || {
        let (file, length) = open_plain(path)?;
        read(&Source::File(file, length), path, question)
    };
    let mut inspection = read().unwrap_or_else(|why| Inspection::without_facts("", problem(&why)));
    inspection.path = name;
    inspection
}

fn read(source: &Source<'_>, path: &Path, question: &Question) -> Result<Inspection, InspectError> {
    let start = source.read(0, source.length().min(512)).unwrap_or_default();
    let mut inspection = match format(&start) {
        FileFormat::MachO => macho::read(source, question)?,
        FileFormat::Pe => pe::read(source, question)?,
        FileFormat::Script => script::read(&start, &question.root),
        // What is no program at all is named by the same reader; units are told by their names, and read elsewhere.
        FileFormat::Elf | FileFormat::SystemdUnit | FileFormat::Unknown => elf::read(source, path, question)?,
    };
    inspection.size = source.length();
    Ok(inspection)
}

/// The kind of program file that begins so.
fn format(start: &[u8]) -> FileFormat {
    // The number of programs of a universal file tells it from a class of Java, which has a version of 45 or more there.
    let count =
        start.get(4..8).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u32::from_be_bytes(*bytes));
    match start {
        [0x7f, b'E', b'L', b'F', ..] => FileFormat::Elf,
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xfe, 0xed, 0xfa, 0xcf | 0xce, ..] => FileFormat::MachO,
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] if count < 40 => FileFormat::MachO,
        [b'M', b'Z', ..] => FileFormat::Pe,
        [b'#', b'!', ..] => FileFormat::Script,
        _ => FileFormat::Unknown,
    }
}

fn problem(why: &InspectError) -> Problem {
    let mut what = why.what();
    if let InspectError::Unreadable { source, .. } = why {
        what = match source.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ if source.raw_os_error() == Some(ELOOP) => "its symbolic links lead in a circle".to_owned(),
            _ => format!("it cannot be read: {source}"),
        };
    }
    Problem { what, advice: why.advice().to_owned() }
}
