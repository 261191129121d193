//! Secrets in files of the host.

use std::fs;
use std::path::Path;

use plimsoll_model::Secret;

use crate::runtime::RuntimeError;

/// Largest file that is read as a secret, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Reads a secret, without its final line break.
pub(crate) fn read(path: &Path) -> Result<Secret, RuntimeError> {
    let failed = |why: String| RuntimeError::Secret { path: path.to_owned(), why };
    let found = fs::metadata(path).map_err(|error| failed(error.to_string()))?;
    if !found.is_file() || found.len() > LARGEST {
        return Err(failed(format!("it is not a file of at most {LARGEST} bytes")));
    }
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
}
