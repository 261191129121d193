//! Units of systemd: how they are written, what their settings mean, and how much a service is exposed.
//!
//! [`file`](mod@file) takes a file apart, [`unit`] puts a unit together from its file and its drop-ins, [`words`] splits values as systemd
//! does, [`keys`] knows which settings there are, [`value`] judges what they hold, and
//! [`exposure`](mod@exposure) is the score of `systemd-analyze security`. Nothing here asks the systemd of this machine.

pub mod exposure;
pub mod file;
mod inspect;
pub mod keys;
pub mod placed;
pub mod program;
pub mod unit;
pub mod value;
pub mod words;

pub use exposure::exposure;
pub use file::UnitFile;
pub use inspect::inspect;
pub use placed::PlacedUnit;
pub use unit::{Unit, UnitName};

#[cfg(test)]
mod hostile;
