//! Ends what still runs when the folder that describes it was removed: nobody could find it any more.
//!
//! A folder that was moved, or whose disk is away for a while, is not removed: the kernel knows, by the number of its
//! links, whether the folder that was opened is still in any other.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::procfs;

/// How long an instance may still finish requests: as long as the proxy does, which ends for the same reason.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// How long it has between SIGTERM and SIGKILL.
const STOP: Duration = Duration::from_secs(10);

/// A folder that was there when it was opened.
#[derive(Debug)]
pub(crate) struct Watched(File);

impl Watched {
    /// The folder, if it is there.
    pub(crate) fn open(folder: &Path) -> Option<Self> {
        File::open(folder).ok().map(Self)
    }

    /// Whether it was removed.
    pub(crate) fn is_removed(&self) -> bool {
        self.0.metadata().is_ok_and(|found| found.nlink() == 0)
    }
}

/// The end of an instance whose folder was removed: called again and again, it asks first and then makes sure.
#[derive(Debug, Default)]
pub(super) struct Orphaned {
    since: Option<Instant>,
    asked: bool,
}

impl Orphaned {
    /// Takes the step that is due.
    pub(super) fn end(&mut self, process: u32) {
        let passed = self.since.get_or_insert_with(Instant::now).elapsed();
        let Some(stat) = procfs::stat(process) else { return };
        if passed >= GRACE + STOP {
            let _ = procfs::send(process, stat.start_ticks, Signal::KILL);
        } else if passed >= GRACE && !self.asked {
            self.asked = true;
            let _ = procfs::send(process, stat.start_ticks, Signal::TERM);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moved_is_not_removed() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("state");
        std::fs::create_dir(&folder).unwrap();
        let watched = Watched::open(&folder).unwrap();
        std::fs::rename(&folder, root.path().join("moved")).unwrap();
        assert!(!watched.is_removed());
        std::fs::remove_dir_all(root.path().join("moved")).unwrap();
        assert!(watched.is_removed());
    }
}
