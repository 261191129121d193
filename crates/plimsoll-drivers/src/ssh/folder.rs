//! A private folder for the sockets of the connections. Its path is short: ssh adds 17 characters to a socket's name, and
//! the whole may have no more than 107.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the folders are: in every system, short, and on a local disk.
const PLACE: &str = "/tmp";

/// Counts the folders of this process.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The folder; it goes with this value.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn make() -> io::Result<Self> {
        let prefix = format!("plimsoll-ssh-{}-", rustix::process::getuid().as_raw());
        sweep(&prefix);
        loop {
            let name = format!("{prefix}{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
            let path = Path::new(PLACE).join(name);
            // Made new or not at all: in /tmp anybody could have put one there.
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The `number`th socket.
    pub(super) fn socket(&self, number: usize) -> PathBuf {
        self.0.join(number.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what commands left that were killed. Another user's folder cannot be removed, and its name is not ours.
fn sweep(prefix: &str) {
    for entry in fs::read_dir(PLACE).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(prefix)?.split('-').next()?.parse().ok());
        let gone = |pid: i32| {
            let pid = rustix::process::Pid::from_raw(pid);
            pid.is_some_and(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
        };
        if pid.is_some_and(gone) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
