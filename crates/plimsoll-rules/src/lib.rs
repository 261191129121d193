//! The registry of checks, one file per check, and the findings that they make.
//!
//! A run goes through [`files`] (what is there, read within bounds), a parser for each kind of file
//! ([`dockerfile`], with [`shell`] for its commands), the [`registry`] of rules, and [`waiver`]s (what somebody
//! allowed). [`check()`] does all of it. Nothing here reads a clock or an environment, and nothing is run.
//!
//! A newcomer reads [`rule`], then one rule in `rules/dockerfile/` together with its page (the `.md` beside it),
//! then [`mod@check`]. How to add a rule is said in [`registry`].

pub mod check;
pub mod dockerfile;
pub mod environment;
pub mod files;
pub mod go_sources;
mod ignore;
mod judge;
pub mod lock;
pub mod page;
pub mod reference;
pub mod registry;
pub mod rule;
mod rules;
pub mod secrets;
pub mod settings;
pub mod sheet;
pub mod shell;
pub mod source;
pub mod surroundings;
pub mod systemd;
pub mod tree;
pub mod waiver;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod hostile;

pub use check::{Question, check};
pub use registry::{all, find, sheets};
pub use rule::{Check, Rule};
pub use settings::{LabelFormat, Settings};
pub use source::Source;
