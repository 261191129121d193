//! The steering side of the control socket: blocking, for synchronous code.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::Span;
use plimsoll_model::traffic::{RouteTable, TrafficReport};

use super::wire::{self, MAX_FRAME, Request, Response};
use crate::shared::SetTableError;

/// Time for one read or write. Storing a table on a slow disk is the longest that an answer takes.
const LIMIT: Duration = Duration::from_secs(10);

/// Why a proxy could not be steered.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The socket cannot be made.
    #[error("cannot make the control socket {}", path.display())]
    Bind {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another proxy answers on the socket.
    #[error("a proxy is already running: it answers on {}", path.display())]
    Taken {
        /// The socket.
        path: PathBuf,
    },
    /// Nobody answers on the socket.
    #[error("no proxy answers on {}; is it running?", path.display())]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The connection broke, or the answer did not come in time. Whether the request took effect is not known.
    #[error("the connection to the proxy broke")]
    Broken {
        /// Why.
        source: io::Error,
    },
    /// The request is longer than a message may be.
    #[error("the request is longer than {MAX_FRAME} bytes")]
    TooLong,
    /// The proxy did not understand the request: it is of another version.
    #[error("the proxy refused the request: {reason}")]
    Refused {
        /// Its words.
        reason: String,
    },
    /// The answer was not understood: the proxy is of another version.
    #[error("the proxy's answer was not understood: {reason}")]
    NotUnderstood {
        /// What is wrong with it.
        reason: String,
    },
    /// The table was not taken as told.
    #[error(transparent)]
    Table(#[from] SetTableError),
}

/// A connection to a running proxy.
#[derive(Debug)]
pub struct ControlClient {
    stream: UnixStream,
}

impl ControlClient {
    /// Connects to the proxy whose control socket is at `path`.
    pub fn connect(path: &Path) -> Result<Self, ControlError> {
        let unreachable = |source| ControlError::Unreachable { path: path.to_owned(), source };
        let stream = connect(path).map_err(unreachable)?;
        Ok(Self { stream })
    }

    /// Puts a table in force. When this returns, no new request goes where it does not say.
    pub fn set_table(&mut self, table: &RouteTable) -> Result<(), ControlError> {
        self.done(&Request::SetTable(table.clone()))
    }

    /// Table and counters.
    pub fn report(&mut self) -> Result<TrafficReport, ControlError> {
        match self.ask(&Request::Report)? {
            Response::Report(report) => Ok(report),
            other => Err(unexpected(other)),
        }
    }

    /// The counters in Prometheus' text format.
    pub fn prometheus(&mut self) -> Result<String, ControlError> {
        match self.ask(&Request::Prometheus)? {
            Response::Text(text) => Ok(text),
            other => Err(unexpected(other)),
        }
    }

    /// Tells the proxy to end and to give running requests at most `deadline`. Returns when it has begun.
    pub fn shutdown(&mut self, deadline: Duration) -> Result<(), ControlError> {
        self.done(&Request::Shutdown { deadline: Span::from(deadline) })
    }

    fn done(&mut self, request: &Request) -> Result<(), ControlError> {
        match self.ask(request)? {
            Response::Done => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Response, ControlError> {
        let frame = wire::frame(request).ok_or(ControlError::TooLong)?;
        let bytes = self.exchange(&frame).map_err(|source| ControlError::Broken { source })?;
        wire::parse(&bytes).map_err(|reason| ControlError::NotUnderstood { reason })
    }

    fn exchange(&mut self, frame: &[u8]) -> io::Result<Vec<u8>> {
        self.stream.write_all(frame)?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > MAX_FRAME {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{length} bytes announced")));
        }
        let mut bytes = vec![0; length as usize];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// A connection with time limits.
pub(super) fn connect(path: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    Ok(stream)
}

fn unexpected(response: Response) -> ControlError {
    match response {
        Response::Table(error) => ControlError::Table(error),
        Response::Invalid(reason) => ControlError::Refused { reason },
        _ => ControlError::NotUnderstood { reason: "it answers another question".to_owned() },
    }
}
