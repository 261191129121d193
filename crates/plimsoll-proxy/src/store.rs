//! The file that keeps the last accepted table, so that a restarted proxy serves it at once.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use plimsoll_model::traffic::RouteTable;
use plimsoll_model::version::HOST_STATE;
use serde::{Deserialize, Serialize};

use crate::table::{TableError, validate};

/// A stored file is read up to this size; the wire allows no larger table.
const MAX_BYTES: u64 = 4 << 20;

/// Why a stored table could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file could not be written.
    #[error("cannot write the route table to {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file could not be read.
    #[error("cannot read the route table from {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file does not hold a table.
    #[error("{} does not hold a route table: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file's table is not valid.
    #[error("the route table in {} is not valid", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TableError,
    },
}

#[derive(Serialize, Deserialize)]
struct Stored<T> {
    format: u32,
    table: T,
}

/// Replaces the stored table: after a crash the file holds the old table or the new one.
pub(crate) fn write(path: &Path, table: &RouteTable) -> Result<(), StoreError> {
    let failed = |source| StoreError::Write { path: path.to_owned(), source };
    let text = serde_json::to_vec(&Stored { format: HOST_STATE, table }).map_err(|e| failed(e.into()))?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let mut file = File::create(&temporary).map_err(failed)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&temporary, path).map_err(failed)?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// The stored table; `None` where there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<RouteTable>, StoreError> {
    let unread = |source| StoreError::Read { path: path.to_owned(), source };
    let corrupt = |reason: String| StoreError::Corrupt { path: path.to_owned(), reason };
    let size = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unread(error)),
    };
    if size > MAX_BYTES {
        return Err(corrupt(format!("it has {size} bytes")));
    }
    let text = fs::read(path).map_err(unread)?;
    let stored: Stored<RouteTable> = serde_json::from_slice(&text).map_err(|e| corrupt(e.to_string()))?;
    if stored.format != HOST_STATE {
        return Err(corrupt(format!("its format is {}, this proxy knows {HOST_STATE}", stored.format)));
    }
    validate(&stored.table).map_err(|source| StoreError::Invalid { path: path.to_owned(), source })?;
    Ok(Some(stored.table))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::traffic::Stickiness;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bounds_survive_being_text(bound in 1e-9_f64..1e9) {
            let text = serde_json::to_string(&bound).unwrap();
            prop_assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), bound.to_bits());
        }
    }

    #[test]
    fn a_table_is_read_back_and_a_broken_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("routes.json");
        assert!(read(&path).unwrap().is_none());
        let table = RouteTable {
            version: 7,
            arms: vec![],
            stickiness: Stickiness::None,
            latency_bounds: vec![0.25],
            maintenance: None,
        };
        write(&path, &table).unwrap();
        assert_eq!(read(&path).unwrap(), Some(table));
        fs::write(&path, "{").unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains("routes.json does not hold a route table"), "{message}");
    }
}
