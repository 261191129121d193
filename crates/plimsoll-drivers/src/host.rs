//! A host, reached through its agent.

use plimsoll_model::agent::{Refusal, RefusalReason, Request, Response};
use plimsoll_model::{Fence, HostName, ServiceName};

/// Why a call did not succeed.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum HostError {
    /// The agent understood the request and refused it. Nothing was changed.
    #[error("{0}")]
    Refused(Refusal),
    /// No answer came. Whether the request took effect is not known; it may be sent again.
    #[error("{host} does not answer: {why}")]
    Unreachable {
        /// The host.
        host: HostName,
        /// What was tried and what happened.
        why: String,
    },
}

/// What lies between coordinator and host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nothing: they share a machine, and copying is cheaper than packing.
    Local,
    /// A network: what is not sent is gained.
    Remote,
}

/// A connection to the agent of one host.
pub trait Host: Send {
    /// The host's name.
    fn name(&self) -> &HostName;

    /// What lies between this machine and the host.
    fn reach(&self) -> Reach {
        Reach::Remote
    }

    /// Sends one request and waits for its answer.
    ///
    /// An implementer reconnects by itself where the connection was lost before the request was sent, bounds the
    /// wait, and never answers with the reply to another request.
    fn call(
        &mut self,
        service: &ServiceName,
        fence: Option<Fence>,
        request: Request,
        content: &[u8],
    ) -> Result<Response, HostError>;
}

/// A refusal that the coordinator makes itself, where the answer is not of the kind that was asked for.
pub fn unexpected(request: &str) -> HostError {
    let message = format!("the agent gave an answer to `{request}` that does not belong to it");
    HostError::Refused(Refusal::new(RefusalReason::Version, message))
}
