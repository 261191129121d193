//! Files that are there whole or not at all, also after a power failure.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Replaces a file's content: written beside it, made durable, renamed over it. After an error the old file is as
/// it was and nothing is left of the new one. Only one process may write the file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let written = write_beside(beside.as_ref(), bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The error that led here matters more than one of cleaning up.
        let _ = fs::remove_file(&beside);
    }
    written?;
    sync_folder(folder)
}

/// Writes a file that must not be there yet; `false` where it is.
pub(crate) fn write_once(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    write_beside(beside.as_ref(), bytes)?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Readable by this user only: some of these files hold secrets.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Whether an error says that the disk, or the user's share of it, is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
