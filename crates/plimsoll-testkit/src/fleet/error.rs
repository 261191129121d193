//! What can go wrong with a fleet.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Unavailable;

/// Why a fleet, or a verb of a host, failed.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// No fleet can be had on this machine.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A program that the fleet needs did not start.
    #[error("`{command}` did not start")]
    Start {
        /// The command as it could be typed.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// A program that the fleet needs failed.
    #[error("`{command}` failed: {status}\n{said}")]
    Tool {
        /// The command as it could be typed.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it printed on standard error.
        said: String,
    },
    /// A file of the fleet could not be read or written.
    #[error("{} could not be {action}", path.display())]
    File {
        /// `read`, `written`, ...
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Every network for fleets is in use.
    #[error("every network for test fleets is in use; `cargo xtask fleet down` ends those that were kept")]
    NoNetwork,
    /// More hosts were asked for than a network has room for.
    #[error("a fleet has 1 to {most} hosts, not {asked}")]
    Size {
        /// What was asked for.
        asked: u8,
        /// The largest fleet.
        most: u8,
    },
    /// A host did not get into a state in time.
    #[error("{host}: waited {} s for {what}; {seen}", limit.as_secs())]
    Late {
        /// The host's name.
        host: String,
        /// What was waited for.
        what: &'static str,
        /// The last that was seen instead.
        seen: String,
        /// How long.
        limit: Duration,
    },
    /// The host is switched off.
    #[error("{host} is off: it has no process 1")]
    Off {
        /// The host's name.
        host: String,
    },
}

impl FleetError {
    /// Names the file and the action of a failed file operation; for `map_err`.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}

/// Writes a whole file.
pub(super) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), FleetError> {
    std::fs::write(path, text).map_err(FleetError::file("written", path))
}

/// Reads a whole file of text.
pub(super) fn read(path: &Path) -> Result<String, FleetError> {
    std::fs::read_to_string(path).map_err(FleetError::file("read", path))
}

/// Makes a folder and those above it.
pub(super) fn make_folder(path: &Path) -> Result<(), FleetError> {
    std::fs::create_dir_all(path).map_err(FleetError::file("made", path))
}
