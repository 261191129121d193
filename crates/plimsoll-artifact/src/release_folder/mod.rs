//! A sealed release on disk: `<releases>/<id>/` with `manifest.json`, `manifest.json.minisig` and the artifact.
//!
//! A release appears whole or not at all: it is written into a hidden folder beside its place, made durable, and
//! renamed. After that nothing in it changes. [`seal`] signs and writes, [`receive`] writes what was signed
//! elsewhere, [`verify`] proves a folder before anything in it is used, [`remove`] takes it away.

mod error;
mod name;
mod receive;
mod remove;
mod seal;
mod verify;
mod write;

#[cfg(test)]
mod tests;

pub use error::ReleaseError;
pub use receive::receive;
pub use remove::{remove, sweep};
pub use seal::{Sealed, seal};
pub use verify::{verify, verify_manifest};
