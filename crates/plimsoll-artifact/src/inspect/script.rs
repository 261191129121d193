//! Scripts: what the first line says.

use std::path::Path;

use plimsoll_model::inspection::{Answer, FileFormat, Inspection, Purpose};

use crate::elf::exists_in;

/// The kernel reads this much of the first line.
const LONGEST_LINE: usize = 256;

pub(super) fn read(start: &[u8], root: &Path) -> Inspection {
    let line = start.get(2..).unwrap_or_default().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(&line[..line.len().min(LONGEST_LINE)]).into_owned();
    // A carriage return at its end is part of the name, as the kernel sees it.
    let interpreter =
        line.trim_matches([' ', '\t']).split([' ', '\t']).next().filter(|name| !name.is_empty());
    let present = interpreter.map(|name| {
        if Path::new(name).is_absolute() {
            Answer::of(exists_in(root, Path::new(name)))
        } else {
            Answer::Unknown
        }
    });
    Inspection {
        purpose: Some(Purpose::Program),
        interpreter: interpreter.map(str::to_owned),
        interpreter_present: present,
        root: Some(root.display().to_string()),
        ..Inspection::of("", FileFormat::Script)
    }
}
