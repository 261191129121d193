//! Which file a program's name stands for, so that a command that cannot start is explained before it is tried.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::{CommandOrder, StartError};

/// The file to execute. Relative entries of `PATH` are passed over, as Go does: they would let the project's
/// folder decide what `git` is.
pub(super) fn program(order: &CommandOrder) -> Result<PathBuf, StartError> {
    if !order.folder.is_dir() {
        return Err(StartError::Folder { folder: order.folder.clone() });
    }
    if order.program.contains('/') {
        let path = order.folder.join(&order.program);
        return match executable(&path) {
            Some(true) => Ok(path),
            Some(false) => Err(StartError::Denied { path }),
            None => Err(StartError::Missing { path }),
        };
    }
    let mut denied = None;
    for folder in env::split_paths(&search_path(order)).filter(|folder| folder.is_absolute()) {
        let path = folder.join(&order.program);
        match executable(&path) {
            Some(true) if !order.program.is_empty() => return Ok(path),
            Some(false) if path.is_file() => denied = denied.or(Some(path)),
            _ => {}
        }
    }
    Err(match denied {
        Some(path) => StartError::Denied { path },
        None => StartError::NotInPath { program: order.program.clone() },
    })
}

fn search_path(order: &CommandOrder) -> OsString {
    match order.variables.get("PATH") {
        Some(path) => path.into(),
        None if order.removed.contains("PATH") => OsString::new(),
        None => env::var_os("PATH").unwrap_or_default(),
    }
}

/// Whether this user may execute the file; nothing where there is none.
fn executable(path: &Path) -> Option<bool> {
    let file = path.metadata().ok()?;
    Some(file.is_file() && access(path, Access::EXEC_OK).is_ok())
}
