//! How the core reaches the proxy.

mod keeper;
pub mod proxy_process;

use std::net::SocketAddr;

use plimsoll_model::Span;
use plimsoll_model::agent::RefusalReason;
use plimsoll_model::traffic::{RouteTable, TrafficReport};

/// The data plane of one service.
pub trait Traffic: Send {
    /// Makes sure that a proxy listens on `listen`. Must guarantee: a proxy that runs there already is left alone,
    /// and it survives the agent. A proxy of this service on another address is stopped first.
    fn ensure_running(&mut self, listen: SocketAddr) -> Result<(), TrafficError>;

    /// Replaces the table. When it returns `Ok`, new requests follow it.
    fn set(&mut self, table: &RouteTable) -> Result<(), TrafficError>;

    /// What the proxy says; `None` where it does not answer (within a bounded, short time).
    fn report(&mut self) -> Option<TrafficReport>;

    /// Begins to stop the proxy: it accepts nothing more and has `grace` to finish. Does not wait for the end; a
    /// proxy that finishes still reports. Nothing happens where none runs.
    fn stop(&mut self, grace: Span) -> Result<(), TrafficError>;
}

/// Why the data plane is not as it was asked to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrafficError {
    /// Another process listens where clients shall reach the service.
    #[error("the proxy cannot listen on {listen}: {why}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        why: String,
    },
    /// Somebody else has a name that it needs on this host.
    #[error("the proxy cannot be set up: {why}")]
    Conflict {
        /// Who has what.
        why: String,
    },
    /// The proxy could not be started.
    #[error("the proxy could not be started: {why}")]
    Start {
        /// Why.
        why: String,
    },
    /// The proxy does not answer.
    #[error("the proxy does not answer: {why}")]
    Unreachable {
        /// Why.
        why: String,
    },
    /// The proxy would not take the table.
    #[error("the proxy refused table {version}: {why}")]
    Refused {
        /// The table's version.
        version: u64,
        /// Why.
        why: String,
    },
}

impl TrafficError {
    /// What kind of refusal it becomes.
    pub fn reason(&self) -> RefusalReason {
        match self {
            Self::Listen { .. } | Self::Conflict { .. } => RefusalReason::Conflict,
            _ => RefusalReason::Failed,
        }
    }
}
