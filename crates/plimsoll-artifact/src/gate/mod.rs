//! The first gate on an artifact: is it a program for the place where it shall run, and does it find there all that
//! it needs?
//!
//! This is what `ship` asks before it seals a release, and what a host may ask again about itself. Everything else
//! that can be wrong with an artifact is a check of the crate `plimsoll-rules`. [`first_gate`] judges; a
//! [`Subject`] is what it judges and a [`Target`] the place; [`Finding`]s say what is wrong and what to do.

mod checks;
mod finding;
mod fix;
mod subject;
mod summary;

#[cfg(test)]
mod tests;

pub use checks::{Judgement, first_gate};
pub use finding::{Code, Finding, Severity};
pub use subject::{FileMetadata, Subject, Target};
