//! The data plane: an HTTP proxy that spreads requests over releases by weight, drains without loss and counts
//! what each release answers.
//!
//! It runs as a process of its own, so that whoever steers it may die without a client noticing. The API is
//! synchronous: [`Proxy::start`] spawns the threads, [`ControlClient`] steers a proxy of another process.
//!
//! Read [`proxy`](Proxy) first (which threads there are), then `shared` (table, counters, how a change takes
//! effect), then `forward` (one request's way) and `upstream` (connections to instances).

mod accept;
mod backend;
mod body;
pub mod control;
mod counters;
mod detect;
mod drain;
mod forward;
mod forwarded;
mod headers;
mod listen;
mod metrics_http;
mod options;
mod prometheus;
mod proxy;
mod routes;
mod shared;
mod sticky;
mod store;
mod table;
mod tunnel;
mod upstream;
mod worker;

pub use control::{ControlClient, ControlError};
pub use listen::ListenError;
pub use options::{Listen, ProxyOptions};
pub use prometheus::prometheus_text;
pub use proxy::{Proxy, ShutdownHandle, StartError};
pub use shared::SetTableError;
pub use store::StoreError;
pub use table::TableError;
