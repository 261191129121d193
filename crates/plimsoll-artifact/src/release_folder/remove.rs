//! Taking a release away, though its folder is read-only.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::ReleaseError;
use super::error::io as failed;
use super::name::{REMOVING, SEALING, unique};
use super::write::sync_folder;

/// Removes a release's folder. It disappears at once under its name, so that half a release is never seen. A folder
/// that is not there is removed already.
pub fn remove(folder: &Path) -> Result<(), ReleaseError> {
    let not_a_release = || ReleaseError::NotARelease { folder: folder.to_owned() };
    let (parent, name) = folder.parent().zip(folder.file_name()).ok_or_else(not_a_release)?;
    let hidden = parent.join(unique(REMOVING, &name.to_string_lossy())?);
    match fs::rename(folder, &hidden) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(failed("remove", folder)(source)),
    }
    sync_folder(parent)?;
    delete(&hidden).map_err(failed("remove", &hidden))
}

/// Removes what sealing and removing left behind when they were cut short, and says how many folders. Only for who
/// knows that nobody seals into `releases` now.
pub fn sweep(releases: &Path) -> Result<u32, ReleaseError> {
    let entries = match fs::read_dir(releases) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(source) => return Err(failed("list", releases)(source)),
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry.map_err(failed("list", releases))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(SEALING) || name.starts_with(REMOVING) {
            delete(&entry.path()).map_err(failed("remove", &entry.path()))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Deletes a folder after giving its folders back their write permission. Links are removed, not followed.
pub(super) fn delete(folder: &Path) -> io::Result<()> {
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        if !folder.symlink_metadata()?.is_dir() {
            continue;
        }
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                left.push(entry.path());
            }
        }
    }
    if folder.symlink_metadata()?.is_dir() { fs::remove_dir_all(folder) } else { fs::remove_file(folder) }
}
