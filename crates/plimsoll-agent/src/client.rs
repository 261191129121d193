//! A small client of the agent's socket, for tests. Commands use the one in `plimsoll-drivers`.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use plimsoll_model::agent::{
    Call, FRAME_CALL, FRAME_CONTENT, FRAME_REPLY, Refusal, Reply, Request, Response,
};
use plimsoll_model::{Fence, ServiceName};

use plimsoll_model::frame::{FrameError, read_frame, write_frame, write_message};

/// A connection to an agent.
#[derive(Debug)]
pub struct AgentConnection {
    stream: UnixStream,
    calls: u64,
}

/// A call without the response that was hoped for.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The agent refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The agent cannot be reached, or not any more; whether the request took effect is not known.
    #[error("the agent cannot be reached: {0}")]
    Unreachable(String),
    /// The agent answered something else.
    #[error("the agent's answer makes no sense: {0}")]
    Protocol(String),
}

impl AgentConnection {
    /// Connects and says hello. `timeout` is for each read and write.
    pub fn connect(socket: &Path, service: &ServiceName, timeout: Duration) -> Result<Self, CallError> {
        let unreachable = |error: std::io::Error| CallError::Unreachable(error.to_string());
        let stream = UnixStream::connect(socket).map_err(unreachable)?;
        stream.set_read_timeout(Some(timeout)).map_err(unreachable)?;
        stream.set_write_timeout(Some(timeout)).map_err(unreachable)?;
        let mut connection = Self { stream, calls: 0 };
        let hello = Request::hello(env!("CARGO_PKG_VERSION"), None);
        connection.call(service, None, hello, &[])?;
        Ok(connection)
    }

    /// Asks, and waits for the answer.
    pub fn call(
        &mut self,
        service: &ServiceName,
        fence: Option<Fence>,
        request: Request,
        content: &[u8],
    ) -> Result<Response, CallError> {
        self.calls += 1;
        let length = u32::try_from(content.len()).map_err(|error| CallError::Protocol(error.to_string()))?;
        let call = Call { id: self.calls, service: service.clone(), fence, request, content: length };
        Ok(self.exchange(&call, content)?.result?)
    }

    /// Sends a call as it is, and gives the reply as it is.
    pub fn exchange(&mut self, call: &Call, content: &[u8]) -> Result<Reply, CallError> {
        write_message(&mut self.stream, FRAME_CALL, call).map_err(lost)?;
        if !content.is_empty() {
            write_frame(&mut self.stream, FRAME_CONTENT, content).map_err(lost)?;
        }
        let closed = || CallError::Unreachable("it closed the connection".to_owned());
        let frame = read_frame(&mut self.stream).map_err(lost)?.ok_or_else(closed)?;
        let reply: Reply =
            serde_json::from_slice(&frame.body).map_err(|error| CallError::Protocol(error.to_string()))?;
        if frame.kind != FRAME_REPLY || reply.id != call.id {
            return Err(CallError::Protocol("it answers another call".to_owned()));
        }
        Ok(reply)
    }
}

fn lost(error: FrameError) -> CallError {
    match error {
        FrameError::Broken { source } => CallError::Unreachable(source.to_string()),
        other => CallError::Unreachable(other.to_string()),
    }
}
