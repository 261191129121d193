//! What a database complains about, in words that a person can act on.

use std::fmt;

use rusqlite::ErrorCode;

/// Why the journal's file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// There is no room left.
    DiskFull,
    /// This user may not write it, or not into its folder.
    NotWritable,
    /// This user may not open it, or it is not there.
    NotOpened,
    /// The disk did not do what was asked.
    Disk {
        /// What the database said.
        said: String,
    },
    /// Another one has been writing for too long.
    Busy,
    /// Something else.
    Other {
        /// What the database said.
        said: String,
    },
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DiskFull => f.write_str("the disk is full"),
            Self::NotWritable => f.write_str("this user may not write it, or not into its folder"),
            Self::NotOpened => f.write_str("this user may not read it, or not write into its folder"),
            Self::Disk { said } => write!(f, "the disk is full or fails ({said})"),
            Self::Busy => f.write_str("another command has been writing for ten seconds"),
            Self::Other { said } => f.write_str(said),
        }
    }
}

impl std::error::Error for Trouble {}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::PermissionDenied => Self::NotOpened,
            _ => Self::Other { said: error.to_string() },
        }
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        let said = match &error {
            // What follows the words is a number that means something to SQLite only.
            rusqlite::Error::SqliteFailure(_, Some(said)) => said.clone(),
            other => other.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::NotWritable,
            Some(ErrorCode::CannotOpen) => Self::NotOpened,
            Some(ErrorCode::SystemIoFailure) => Self::Disk { said },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Other { said },
        }
    }
}
