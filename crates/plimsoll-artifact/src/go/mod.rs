//! The build information that Go's linker puts into a program: version of Go, modules, build settings.
//!
//! [`inspect`] finds and decodes it (`locate`), [`BuildInfo`] is what it says (`build_info`). A program may be
//! Go's and not say so: what is not known is answered as not known.

mod build_info;
mod locate;

#[cfg(test)]
mod oracle;

pub use build_info::{Answer, BuildInfo, Module};
pub use locate::{Program, inspect, inspect_file};
