//! The host side: what one service is on one host, and everything that is done to it there.
//!
//! [`core`] decides and is driven from outside: it has no clock, no thread and no socket. It reaches the host
//! through four traits: [`runtime::Runtime`] (processes), [`traffic::Traffic`] (the proxy), [`store::ReleaseStore`]
//! (releases on disk) and [`state::StateStore`] (what must survive). [`memory`] has a version of all four that lives
//! in memory, for simulations; [`process`], [`store::sealed`], [`state::file`] and `traffic::proxy_process` are the
//! real ones of a machine without systemd. [`server`] puts the core behind a Unix socket, [`bridge`] lets another
//! machine reach that over a connection's standard streams, and [`conformance`] says
//! what every agent must do, whatever its parts are.
//!
//! A newcomer reads [`core::Agent`], then `core/instances.rs` and `core/health.rs`.

pub mod bridge;
pub mod client;
pub mod conformance;
pub mod core;
mod durable;
pub mod facts;
pub mod layout;
pub mod memory;
pub mod place;
pub mod process;
pub mod programs;
pub mod runtime;
pub mod server;
pub mod state;
pub mod store;
pub mod systemd;
pub mod traffic;

pub use crate::core::{About, Agent, OpenError, Parts};
