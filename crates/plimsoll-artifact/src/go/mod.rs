//! The build information that Go's linker puts into a program: version of Go, modules, build settings.
//!
//! [`inspect`] finds and decodes it (`locate`), [`BuildInfo`] is what it says (`build_info`). The names of functions, which
//! stripping leaves in, are in `pclntab`; what they tell is in `functions`. A program may be
//! Go's and not say so: what is not known is answered as not known.

mod build_info;
mod functions;
mod locate;
pub(crate) mod pclntab;

#[cfg(test)]
mod oracle;

pub use build_info::{BuildInfo, Module};
pub(crate) use functions::Functions;
pub(crate) use locate::read;
pub use locate::{Program, inspect, inspect_file};
pub use plimsoll_model::inspection::Answer;
