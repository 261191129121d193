//! One agent for each root and service: a lock that the kernel releases when its holder dies.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// A lock that was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another agent holds it.
    #[error("an agent already runs here (process {holder}); it holds {}", path.display())]
    Held {
        /// The lock.
        path: PathBuf,
        /// Who holds it, as it wrote itself.
        holder: String,
    },
    /// It cannot be used.
    #[error("cannot take the lock {}", path.display())]
    Io {
        /// The lock.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Takes the lock; it is held as long as the file lives.
pub(super) fn take(path: &Path) -> Result<File, LockError> {
    let failed = |source| LockError::Io { path: path.to_owned(), source };
    let options = OpenOptions::new().read(true).write(true).create(true).mode(0o600).clone();
    let mut file = options.open(path).map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            let _ = file.take(20).read_to_string(&mut holder);
            return Err(LockError::Held { path: path.to_owned(), holder: holder.trim().to_owned() });
        }
        Err(error) => return Err(failed(error.into())),
    }
    // For messages only: a full disk must not keep an agent from its work.
    let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_released_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = take(&path).unwrap();
        let LockError::Held { holder, .. } = take(&path).unwrap_err() else { panic!("it is held") };
        assert_eq!(holder, std::process::id().to_string());
        drop(held);
        take(&path).unwrap();
    }
}
