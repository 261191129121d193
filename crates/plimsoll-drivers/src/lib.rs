//! The coordinator's reach: everything outside its own process that it looks at or changes.
//!
//! Each kind of thing is a narrow, object-safe trait over plain data, with the real version here and an in-memory
//! one for the simulator. Nothing in this crate decides: what to do comes from `plimsoll-plan`, in which order from
//! `plimsoll-engine`.

pub mod build;
pub mod clock;
pub mod command;
pub mod host;
pub mod http;
pub mod local;
pub mod metrics;
pub mod regression;
pub mod resolve;
pub mod source;
pub mod ssh;
mod wire;

pub use clock::{Clock, SteadyClock, SystemClock};
pub use command::{CommandOrder, Commands, SystemCommands};
pub use host::{Host, HostError, Reach};
