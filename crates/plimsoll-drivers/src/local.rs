//! The machine that the command runs on: an agent process reached over a Unix socket, started when it is not there.
//!
//! The first call on a connection is always [`Request::Hello`]; the framing is `plimsoll_model::frame`'s.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_model::agent::{
    Call, FRAME_CALL, FRAME_CONTENT, FRAME_REPLY, Refusal, RefusalReason, Reply, Request, Response,
};
use plimsoll_model::frame::{FrameError, read_frame, write_frame, write_message};
use plimsoll_model::{Fence, HostName, ServiceName, version};

use crate::host::{Host, HostError, Link};

/// How long an agent may take to answer one request. The longest is sealing a release: hashing it once.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a new agent may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// How long agents that end at once are followed by others.
const RESTART_PATIENCE: Duration = Duration::from_secs(1);

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

    /// Has a connection to an agent that answers. One that is just being killed may still take a connection, so the
    /// greeting is tried twice.
    fn connect(&mut self, service: &ServiceName) -> Result<(), HostError> {
        if self.connection.is_some() {
            return Ok(());
        }
        let stream = match UnixStream::connect(&self.options.socket) {
            Ok(stream) => stream,
            Err(_) => self.start_agent()?,
        };
        match self.greet(stream, service) {
            Err(HostError::Unreachable { .. }) => {
                let stream = self.start_agent()?;
                self.greet(stream, service)
            }
            answer => answer,
        }
    }

    fn greet(&mut self, stream: UnixStream, service: &ServiceName) -> Result<(), HostError> {
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

    /// A connection to a new agent. One that is just being killed may hold its lock for a moment longer, so that the new
    /// one finds no place; another is started then.
    fn start_agent(&self) -> Result<UnixStream, HostError> {
        let began = Instant::now();
        let mut child = self.spawn_agent()?;
        loop {
            if let Ok(stream) = UnixStream::connect(&self.options.socket) {
                return Ok(stream);
            }
            // The starter may end once the agent has detached itself; only a failure matters.
            if let Ok(Some(status)) = child.try_wait()
                && !status.success()
            {
                if began.elapsed() >= RESTART_PATIENCE {
                    let said = last_lines(&self.options.log);
                    return Err(self.unreachable(format!("the agent ended with {status}: {said}")));
                }
                std::thread::sleep(Duration::from_millis(100));
                child = self.spawn_agent()?;
            }
            if began.elapsed() >= START_TIMEOUT {
                let log = self.options.log.display();
                return Err(self.unreachable(format!("the agent did not listen within 10 s; see {log}")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn spawn_agent(&self) -> Result<Child, HostError> {
        let [program, arguments @ ..] = self.options.start.as_slice() else {
            return Err(self.unreachable("no agent runs and none can be started"));
        };
        let failed = |what: &str, e: std::io::Error| self.unreachable(format!("{what}: {e}"));
        let log = open_log(&self.options.log)
            .map_err(|e| failed(&format!("cannot write {}", self.options.log.display()), e))?;
        let errors = log.try_clone().map_err(|e| failed("cannot share the agent's log", e))?;
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .current_dir("/")
            .spawn()
            .map_err(|e| failed(&format!("cannot start {program}"), e))
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

    fn link(&self) -> Link {
        Link::Local
    }

    fn call(
        &mut self,
        service: &ServiceName,
        fence: Option<Fence>,
        request: Request,
        content: &[u8],
    ) -> Result<Response, HostError> {
        // An agent that was killed since the last call is noticed only by the next one. Looking again is free; whether
        // a change took effect is for the coordinator to find out.
        let may_be_stale = self.connection.is_some() && matches!(request, Request::Observe);
        self.connect(service)?;
        match self.exchange(service, fence, request.clone(), content) {
            Err(HostError::Unreachable { .. }) if may_be_stale => {
                self.connect(service)?;
                self.exchange(service, fence, request, content)
            }
            answer => answer,
        }
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

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// An agent that answers so many calls on each connection and then closes it, one connection after another.
    fn agent(socket: &Path, calls: &'static [usize]) {
        let listener = UnixListener::bind(socket).unwrap();
        std::thread::spawn(move || {
            for calls in calls {
                let (mut stream, _) = listener.accept().unwrap();
                for _ in 0..*calls {
                    let Some(frame) = read_frame(&mut stream).unwrap() else { break };
                    let call: Call = serde_json::from_slice(&frame.body).unwrap();
                    let reply = Reply { id: call.id, result: Ok(Response::Done) };
                    write_message(&mut stream, FRAME_REPLY, &reply).unwrap();
                }
            }
        });
    }

    fn host(folder: &Path) -> LocalHost {
        LocalHost::new(LocalOptions {
            socket: folder.join("s"),
            // Whatever is started, the agent above is what answers.
            start: vec!["true".to_owned()],
            log: folder.join("log"),
        })
    }

    #[test]
    fn an_agent_that_dies_at_the_greeting_is_followed_by_another() {
        let folder = tempfile::tempdir().unwrap();
        agent(&folder.path().join("s"), &[0, 2]);
        let service = "greeter".parse().unwrap();
        assert_eq!(host(folder.path()).call(&service, None, Request::Down, &[]), Ok(Response::Done));
    }

    #[test]
    fn looking_survives_an_agent_that_died_since_the_last_call() {
        let folder = tempfile::tempdir().unwrap();
        agent(&folder.path().join("s"), &[2, 3]);
        let (mut host, service) = (host(folder.path()), "greeter".parse().unwrap());
        assert_eq!(host.call(&service, None, Request::Observe, &[]), Ok(Response::Done));
        assert_eq!(host.call(&service, None, Request::Observe, &[]), Ok(Response::Done));
        assert_eq!(host.call(&service, None, Request::Observe, &[]), Ok(Response::Done));
    }

    #[test]
    fn a_change_is_not_sent_twice() {
        let folder = tempfile::tempdir().unwrap();
        agent(&folder.path().join("s"), &[2, 3]);
        let (mut host, service) = (host(folder.path()), "greeter".parse().unwrap());
        assert_eq!(host.call(&service, None, Request::Observe, &[]), Ok(Response::Done));
        let lost = host.call(&service, None, Request::Down, &[]);
        assert!(matches!(lost, Err(HostError::Unreachable { .. })), "{lost:?}");
    }

    #[test]
    fn an_agent_that_cannot_start_is_told_with_its_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut host = host(folder.path());
        host.options.start = ["sh", "-c", "echo no place; exit 3"].map(str::to_owned).to_vec();
        let error = host.call(&"greeter".parse().unwrap(), None, Request::Observe, &[]).unwrap_err();
        assert!(error.to_string().contains("no place"), "{error}");
    }
}
