//! Folders that come whole, under the path that they have on this machine: Python's modules, git's programs.
//!
//! Programs in them get launchers, as nothing else could start them; libraries in them bring what they need. Links that stay
//! inside are kept; a link that leads out becomes a copy of the file it leads to.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use plimsoll_model::bundle::{FileKind, RunTimeState};

use super::BundleError;
use super::error::io;
use super::gathering::{Content, Gathering, relative};
use crate::elf::{FileType, inspect_file};

/// Deeper folders are a mistake or a trap.
const DEEPEST: u32 = 64;

/// Where a path of this machine is in the bundle.
pub(super) fn place(path: &Path) -> String {
    format!("tree{}", path.display())
}

/// The same as a value of a variable.
pub(super) fn value(path: &Path) -> String {
    format!("{}/{}", plimsoll_model::bundle::FOLDER, place(path))
}

/// Adds a folder or file of this machine.
pub(super) fn add(gathering: &mut Gathering, path: &Path) -> Result<(), BundleError> {
    if !gathering.trees.insert(path.to_owned()) {
        return Ok(());
    }
    let root = path.canonicalize().map_err(io("find", path))?;
    let tree = Tree { path: path.to_owned(), root };
    if !tree.root.is_dir() && !tree.root.is_file() {
        let why = std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is no file or folder");
        return Err(io("bundle", path)(why));
    }
    if tree.root.is_dir() {
        tree.folder(gathering, &tree.root, DEEPEST)
    } else {
        tree.file(gathering, &tree.root)
    }
}

struct Tree {
    /// The path by which it was asked for.
    path: PathBuf,
    /// The same without links.
    root: PathBuf,
}

impl Tree {
    /// Where a file below the root is in the bundle.
    fn place(&self, real: &Path) -> String {
        let below = real.strip_prefix(&self.root).unwrap_or(Path::new(""));
        if below.as_os_str().is_empty() { place(&self.path) } else { place(&self.path.join(below)) }
    }

    fn folder(&self, gathering: &mut Gathering, folder: &Path, depth: u32) -> Result<(), BundleError> {
        if gathering.is_left_out(&folder.display().to_string()) {
            let what = folder.display().to_string();
            gathering.tell(&what, RunTimeState::LeftOut, "left out as asked", None);
            return Ok(());
        }
        if depth == 0 {
            return Err(BundleError::TooMany { most: DEEPEST as usize, path: folder.to_owned() });
        }
        let entries = fs::read_dir(folder).map_err(io("list", folder))?;
        let mut paths = Vec::new();
        for entry in entries {
            paths.push(entry.map_err(io("list", folder))?.path());
        }
        paths.sort();
        if paths.is_empty() {
            gathering.put(&self.place(folder), Content::Folder)?;
        }
        for path in paths {
            let kind = path.symlink_metadata().map_err(io("read", &path))?.file_type();
            if path.to_str().is_none() {
                let why = "its name is not UTF-8, which bundle.json could not tell";
                gathering.tell(&path.display().to_string(), RunTimeState::LeftOut, why, None);
            } else if kind.is_dir() {
                self.folder(gathering, &path, depth - 1)?;
            } else if kind.is_symlink() {
                self.link(gathering, &path)?;
            } else if kind.is_file() {
                self.file(gathering, &path)?;
            } else {
                let why = "no file, folder or link: a bundle does not hold it";
                gathering.tell(&path.display().to_string(), RunTimeState::LeftOut, why, None);
            }
        }
        Ok(())
    }

    fn link(&self, gathering: &mut Gathering, link: &Path) -> Result<(), BundleError> {
        let at = self.place(link);
        let name = link.display().to_string();
        let Ok(target) = link.canonicalize() else {
            gathering.tell(&name, RunTimeState::LeftOut, "a link to something that is not here", None);
            return Ok(());
        };
        if target.starts_with(&self.root) {
            // Links to links stay what they are as long as each is relative; the end of the chain is always right.
            let target = relative(&at, &self.place(&target));
            return gathering.put(&at, Content::Link { target });
        }
        if !target.is_dir() && !target.is_file() {
            let why = format!("a link to {}, which is no file or folder", target.display());
            gathering.tell(&name, RunTimeState::LeftOut, why, None);
            return Ok(());
        }
        if target.is_dir() {
            let advice = format!("--with {}", target.display());
            let why = format!("a link to the folder {}, which is outside", target.display());
            gathering.tell(&name, RunTimeState::Asked, why, Some(advice));
            return Ok(());
        }
        copy(gathering, &target, &at)
    }

    fn file(&self, gathering: &mut Gathering, file: &Path) -> Result<(), BundleError> {
        let at = self.place(file);
        copy(gathering, file, &at)
    }
}

fn copy(gathering: &mut Gathering, file: &Path, at: &str) -> Result<(), BundleError> {
    if gathering.is_left_out(&file.display().to_string()) {
        gathering.tell(&file.display().to_string(), RunTimeState::LeftOut, "left out as asked", None);
        return Ok(());
    }
    let facts = if is_elf(file)? { inspect_file(file).ok() } else { None };
    let facts = facts.filter(|facts| gathering.is_for_this_program(facts));
    match facts {
        Some(facts) if facts.file_type.is_program() && facts.interpreter.is_some() => {
            gathering.add_program(file, &facts, at, &format!("libexec/{at}"))
        }
        Some(facts) if facts.file_type == FileType::SharedLibrary => {
            if gathering.put_elf(file, at, FileKind::Library)? {
                for missing in gathering.add_needs_there(file, &facts)? {
                    let why = format!("{} needs it, and it is not here", file.display());
                    let advice = "install it, or do without that module".to_owned();
                    gathering.tell(&missing.name, RunTimeState::Asked, why, Some(advice));
                }
            }
            Ok(())
        }
        _ => gathering.put(at, Content::Copy { from: file.to_owned(), kind: FileKind::Data }),
    }
}

fn is_elf(file: &Path) -> Result<bool, BundleError> {
    let mut start = Vec::new();
    let opened = fs::File::open(file).map_err(io("read", file))?;
    opened.take(4).read_to_end(&mut start).map_err(io("read", file))?;
    Ok(start == b"\x7fELF")
}
