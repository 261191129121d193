//! Reading a saved state: damage and other versions are told apart and named.

use std::path::Path;

use serde::Deserialize;

use plimsoll_model::version;

use super::{HostState, StateError};

/// Only the part that every version has.
#[derive(Deserialize)]
struct AnyVersion {
    format: u32,
}

/// Reads a state's text; `path` is for the message.
pub fn parse(text: &[u8], path: &Path) -> Result<HostState, StateError> {
    let damaged =
        |error: serde_json::Error| StateError::Damaged { path: path.to_owned(), why: error.to_string() };
    let AnyVersion { format } = serde_json::from_slice(text).map_err(damaged)?;
    if format != version::HOST_STATE {
        return Err(StateError::Version { path: path.to_owned(), found: format, known: version::HOST_STATE });
    }
    serde_json::from_slice(text).map_err(damaged)
}
