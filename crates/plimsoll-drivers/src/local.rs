//! The machine that the command runs on: an agent process reached over a Unix socket, started when it is not there.
//!
//! The first call on a connection is always [`Request::Hello`]; the framing is `plimsoll_model::frame`'s.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_model::agent::{
    Call, FRAME_CALL, FRAME_CONTENT, FRAME_REPLY, Refusal, RefusalReason, Reply, Request, Response,
};
use plimsoll_model::frame::{FrameError, read_frame, write_frame, write_message};
use plimsoll_model::{Fence, HostName, ServiceName, version};

use crate::host::{Host, HostError};

/// How long an agent may take to answer one request. The longest is sealing a release: hashing it once.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a new agent may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// How the local agent is reached and started.
#[derive(Debug, Clone)]
pub struct LocalOptions {
    /// The agent's socket.
    pub socket: PathBuf,
    /// The command that starts the agent: program and arguments. It goes on after this process ends.
    pub start: Vec<String>,
    /// Where the agent's own messages go.
    pub log: PathBuf,
}

/// The local host.
#[derive(Debug)]
pub struct LocalHost {
    name: HostName,
    options: LocalOptions,
    connection: Option<UnixStream>,
    next_id: u64,
}

impl LocalHost {
    /// The local host; nothing is started before the first call.
    pub fn new(options: LocalOptions) -> Self {
        Self { name: HostName::local(), options, connection: None, next_id: 1 }
    }

    fn unreachable(&self, why: impl Into<String>) -> HostError {
        HostError::Unreachable { host: self.name.clone(), why: why.into() }
    }

    fn connect(&mut self, service: &ServiceName) -> Result<(), HostError> {
        if self.connection.is_some() {
            return Ok(());
        }
        let stream = match UnixStream::connect(&self.options.socket) {
            Ok(stream) => stream,
            Err(_) => self.start_agent()?,
        };
        stream
            .set_read_timeout(Some(ANSWER_TIMEOUT))
            .and_then(|()| stream.set_write_timeout(Some(ANSWER_TIMEOUT)))
            .map_err(|e| self.unreachable(format!("the socket has no time-outs: {e}")))?;
        self.connection = Some(stream);
        let hello =
            Request::Hello { protocol: version::PROTOCOL, version: env!("CARGO_PKG_VERSION").to_owned() };
        match self.exchange(service, None, hello, &[]) {
            Ok(_) => Ok(()),
            Err(error) => {
                self.connection = None;
                Err(error)
            }
        }
    }

    fn start_agent(&self) -> Result<UnixStream, HostError> {
        let [program, arguments @ ..] = self.options.start.as_slice() else {
            return Err(self.unreachable("no agent runs and none can be started"));
        };
        let failed = |what: &str, e: std::io::Error| self.unreachable(format!("{what}: {e}"));
        let log = open_log(&self.options.log)
            .map_err(|e| failed(&format!("cannot write {}", self.options.log.display()), e))?;
        let errors = log.try_clone().map_err(|e| failed("cannot share the agent's log", e))?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .current_dir("/")
            .spawn()
            .map_err(|e| failed(&format!("cannot start {program}"), e))?;
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if let Ok(stream) = UnixStream::connect(&self.options.socket) {
                return Ok(stream);
            }
            // The starter may end once the agent has detached itself; only a failure matters.
            if let Ok(Some(status)) = child.try_wait()
                && !status.success()
            {
                let said = last_lines(&self.options.log);
                return Err(self.unreachable(format!("the agent ended with {status}: {said}")));
            }
            if Instant::now() >= deadline {
                let log = self.options.log.display();
                return Err(self.unreachable(format!("the agent did not listen within 10 s; see {log}")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn exchange(
        &mut self,
        service: &ServiceName,
        fence: Option<Fence>,
        request: Request,
        content: &[u8],
    ) -> Result<Response, HostError> {
        let id = self.next_id;
        self.next_id += 1;
        let name = request.name();
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let call = Call { id, service: service.clone(), fence, request, content: length };
        let result = self.connection.as_mut().map(|stream| talk(stream, &call, content));
        match result {
            Some(Ok(reply)) if reply.id == id => reply.result.map_err(HostError::Refused),
            Some(Ok(reply)) => {
                self.connection = None;
                Err(self.unreachable(format!("answered call {} instead of {id}", reply.id)))
            }
            Some(Err(error)) => {
                self.connection = None;
                Err(self.unreachable(format!("{name}: {error}")))
            }
            None => Err(self.unreachable("not connected")),
        }
    }
}

impl Host for LocalHost {
    fn name(&self) -> &HostName {
        &self.name
    }

    fn call(
        &mut self,
        service: &ServiceName,
        fence: Option<Fence>,
        request: Request,
        content: &[u8],
    ) -> Result<Response, HostError> {
        self.connect(service)?;
        self.exchange(service, fence, request, content)
    }
}

/// A problem on the connection.
#[derive(Debug, thiserror::Error)]
enum WireError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the agent closed the connection")]
    Closed,
    #[error("the answer is a frame of kind {0}, which is none")]
    Kind(u8),
    #[error("the answer is not understood: {0}")]
    Json(#[source] serde_json::Error),
}

fn talk(stream: &mut UnixStream, call: &Call, content: &[u8]) -> Result<Reply, WireError> {
    write_message(stream, FRAME_CALL, call)?;
    if !content.is_empty() {
        write_frame(stream, FRAME_CONTENT, content)?;
    }
    let frame = read_frame(stream)?.ok_or(WireError::Closed)?;
    if frame.kind != FRAME_REPLY {
        return Err(WireError::Kind(frame.kind));
    }
    serde_json::from_slice(&frame.body).map_err(WireError::Json)
}

fn open_log(path: &Path) -> std::io::Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::OpenOptions::new().create(true).append(true).open(path)
}

/// What the agent said last, for the message that it did not start.
fn last_lines(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text[text.len().saturating_sub(2000)..]).into_owned();
    let lines: Vec<&str> = text.lines().rev().take(3).collect();
    if lines.is_empty() {
        return "it said nothing".to_owned();
    }
    lines.into_iter().rev().collect::<Vec<_>>().join("; ")
}

/// A refusal that the coordinator makes itself, where the answer is not of the kind that was asked for.
pub fn unexpected(request: &str) -> HostError {
    let message = format!("the agent gave an answer to `{request}` that does not belong to it");
    HostError::Refused(Refusal::new(RefusalReason::Version, message))
}
