//! The machine that the command runs on: an agent process reached over a Unix socket, started when it is not there.
//!
//! What is said on the connection is `wire.rs`'s.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_model::agent::{Request, Response};
use plimsoll_model::{Fence, HostName, ServiceName};

use crate::host::{Host, HostError, Reach};
use crate::wire::{self, CallFailure, Dial, Wire};

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
    /// Who calls, `user@machine`, for the host's trail.
    pub author: Option<String>,
    /// Variables of this process's environment that the agent, which outlives it, does not get: secrets.
    pub withheld: Vec<String>,
}

/// The local host.
#[derive(Debug)]
pub struct LocalHost {
    name: HostName,
    options: LocalOptions,
    wire: Option<Wire>,
}

impl LocalHost {
    /// The local host; nothing is started before the first call.
    pub fn new(options: LocalOptions) -> Self {
        Self { name: HostName::local(), options, wire: None }
    }

    fn unreachable(&self, why: impl Into<String>) -> HostError {
        HostError::Unreachable { host: self.name.clone(), why: why.into() }
    }

    fn greet(&mut self, stream: UnixStream, service: &ServiceName) -> Result<(), HostError> {
        match Wire::greet(stream, service, self.options.author.as_deref()) {
            Ok(wire) => {
                self.wire = Some(wire);
                Ok(())
            }
            Err(CallFailure::Refused(refusal)) => Err(HostError::Refused(refusal)),
            Err(CallFailure::Lost(what)) => Err(self.unreachable(what)),
        }
    }
}

impl Dial for LocalHost {
    fn wire(&mut self) -> &mut Option<Wire> {
        &mut self.wire
    }

    /// An agent that is just being killed may still take a connection, so the greeting is tried twice.
    fn connect(&mut self, service: &ServiceName) -> Result<(), HostError> {
        if self.wire.is_some() {
            return Ok(());
        }
        let stream = connect(&self.options).map_err(|why| self.unreachable(why))?;
        match self.greet(stream, service) {
            Err(HostError::Unreachable { .. }) => {
                let stream = start_agent(&self.options).map_err(|why| self.unreachable(why))?;
                self.greet(stream, service)
            }
            answer => answer,
        }
    }

    fn lost(&mut self, what: String) -> HostError {
        self.unreachable(what)
    }
}

impl Host for LocalHost {
    fn name(&self) -> &HostName {
        &self.name
    }

    fn reach(&self) -> Reach {
        Reach::Local
    }

    fn call(
        &mut self,
        service: &ServiceName,
        fence: Option<Fence>,
        request: Request,
        content: &[u8],
    ) -> Result<Response, HostError> {
        wire::call(self, service, fence, request, content)
    }
}

/// A connection to the agent of this machine, which is started where none runs; or why there is none.
pub fn connect(options: &LocalOptions) -> Result<UnixStream, String> {
    UnixStream::connect(&options.socket).or_else(|_| start_agent(options))
}

/// A connection to a new agent. One that is just being killed may hold its lock for a moment longer, so that the new
/// one finds no place; another is started then.
fn start_agent(options: &LocalOptions) -> Result<UnixStream, String> {
    let began = Instant::now();
    let mut child = spawn_agent(options)?;
    loop {
        if let Ok(stream) = UnixStream::connect(&options.socket) {
            return Ok(stream);
        }
        // The starter may end once the agent has detached itself; only a failure matters.
        if let Ok(Some(status)) = child.try_wait()
            && !status.success()
        {
            if began.elapsed() >= RESTART_PATIENCE {
                return Err(format!("the agent ended with {status}: {}", last_lines(&options.log)));
            }
            std::thread::sleep(Duration::from_millis(100));
            child = spawn_agent(options)?;
        }
        if began.elapsed() >= START_TIMEOUT {
            return Err(format!("the agent did not listen within 10 s; see {}", options.log.display()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn spawn_agent(options: &LocalOptions) -> Result<Child, String> {
    let [program, arguments @ ..] = options.start.as_slice() else {
        return Err("no agent runs and none can be started".to_owned());
    };
    let failed = |what: &str, e: std::io::Error| format!("{what}: {e}");
    let log =
        open_log(&options.log).map_err(|e| failed(&format!("cannot write {}", options.log.display()), e))?;
    let errors = log.try_clone().map_err(|e| failed("cannot share the agent's log", e))?;
    let mut command = Command::new(program);
    for name in &options.withheld {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .current_dir("/")
        .spawn()
        .map_err(|e| failed(&format!("cannot start {program}"), e))
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
    let mut lines: Vec<&str> = text.lines().rev().take(3).collect();
    // Agents that could not start before this one said the same.
    lines.dedup();
    if lines.is_empty() {
        return "it said nothing".to_owned();
    }
    lines.into_iter().rev().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use plimsoll_model::agent::{Call, FRAME_REPLY, Reply};
    use plimsoll_model::frame::{read_frame, write_message};

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
                    let result = match call.request {
                        Request::Hello { .. } => {
                            Response::Welcome { version: "1".to_owned(), pid: 1, protocol: 2 }
                        }
                        _ => Response::Done,
                    };
                    let reply = Reply { id: call.id, result: Ok(result) };
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
            author: None,
            withheld: Vec::new(),
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
