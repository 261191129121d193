//! What the user says belongs inside: `--with PATH`.

use std::path::{Path, PathBuf};

use plimsoll_model::bundle::{FileKind, RunTimeState};

use super::BundleError;
use super::gathering::Gathering;
use super::tree;
use crate::elf::{FileType, inspect_file};

/// Adds them: a program with a launcher of its own in `bin`, a library into `lib`, everything else under its own path.
pub(super) fn add(gathering: &mut Gathering, paths: &[PathBuf]) -> Result<(), BundleError> {
    for path in paths {
        let why = one(gathering, path)?;
        gathering.given.insert(path.clone());
        gathering.tell(&path.display().to_string(), RunTimeState::Given, why, None);
    }
    Ok(())
}

fn one(gathering: &mut Gathering, path: &Path) -> Result<String, BundleError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let facts = if path.is_dir() { None } else { inspect_file(path).ok() };
    match facts.filter(|facts| gathering.is_for_this_program(facts)) {
        Some(facts) if facts.file_type.is_program() => {
            let start = format!("bin/{name}");
            gathering.add_program(path, &facts, &start, &format!("libexec/{name}"))?;
            Ok(format!("a program, at {start}"))
        }
        Some(facts) if facts.file_type == FileType::SharedLibrary => {
            let soname = facts.soname.clone().unwrap_or(name);
            let at = format!("lib/{}", soname.rsplit('/').next().unwrap_or_default());
            gathering.put_elf(path, &at, FileKind::Library)?;
            gathering.add_needs(path, &facts)?;
            Ok(format!("a library, at {at}"))
        }
        _ => {
            tree::add(gathering, path)?;
            Ok(format!("at {}", tree::place(path)))
        }
    }
}
