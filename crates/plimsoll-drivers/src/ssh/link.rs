//! The connection to one host: made when it is needed, shared by all sessions, made anew when it broke.
//!
//! A host that does not answer must not hold up the others. So a connection is made by a thread of its own; the first
//! one is waited for, and once the host is known to be down, a caller waits a moment only and is told the old reason.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_model::ssh::SshHost;
use plimsoll_model::{Digest, ServiceName};

use super::command::Options;
use super::explain::{Trouble, connecting};
use super::gate::Gate;
use super::program::Program;
use super::script::{self, Rights, Word};
use super::session::{NoLine, Session};
use plimsoll_model::ssh::SshTarget;

/// How long a host that is down is left alone.
const REST: Duration = Duration::from_secs(3);
/// How long a caller waits for a host that was down when it was last tried.
const HOPE: Duration = Duration::from_secs(1);
/// What logging in may take beyond the connection itself.
const LOGIN: Duration = Duration::from_secs(10);

/// What all links of an environment share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) target: SshTarget,
    pub(super) service: ServiceName,
    /// Who calls, `user@machine`, for the hosts' trails.
    pub(super) author: Option<String>,
    pub(super) options: Options,
    pub(super) program: Program,
    /// Connections that are being made, and programs that are being placed.
    pub(super) gate: Gate,
}

/// The connection to a host.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) host: SshHost,
    pub(super) common: Arc<Common>,
    socket: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
enum State {
    /// Not tried yet.
    Idle,
    /// Being made; with the reason why it is down, where it was.
    Trying(Option<Trouble>),
    /// It stands.
    Up(Arc<Up>),
    /// It does not stand.
    Down(Trouble, Instant),
}

/// A connection that stands.
#[derive(Debug)]
pub(super) struct Up {
    pub(super) facts: Facts,
    /// Keeps the connection open; ends with this process, however that ends, since its input then ends.
    holder: Mutex<Session>,
    /// Whether our program is known to be in its place. Held while it is placed.
    pub(super) placed: Mutex<bool>,
}

/// What a host said about itself.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one answer of the host's; together they mean nothing"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) system: String,
    pub(super) machine: String,
    pub(super) is_root: bool,
    pub(super) user: String,
    /// Our program is where it belongs.
    pub(super) has_ours: bool,
    /// An administrator's program is at the fixed path.
    pub(super) has_fixed: bool,
    /// The service's folder is there.
    pub(super) has_service: bool,
}

impl Facts {
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.strip_prefix("host ")?.split_ascii_whitespace().collect();
        let [system, machine, id, user, ours, fixed, service] = words[..] else { return None };
        Some(Self {
            system: system.to_owned(),
            machine: machine.to_owned(),
            is_root: id == "0",
            user: user.to_owned(),
            has_ours: ours == "yes",
            has_fixed: fixed == "yes",
            has_service: service == "yes",
        })
    }
}

impl Link {
    pub(super) fn new(host: SshHost, common: Arc<Common>, socket: PathBuf) -> Self {
        Self { host, common, socket, state: Mutex::new(State::Idle), changed: Condvar::new() }
    }

    /// The connection, made where there is none.
    pub(super) fn up(self: &Arc<Self>) -> Result<Arc<Up>, Trouble> {
        let mut state = self.lock();
        let known = match &*state {
            State::Up(up) => match self.died(up) {
                None => return Ok(Arc::clone(up)),
                Some(trouble) => Some(trouble),
            },
            State::Down(trouble, at) if at.elapsed() < REST => return Err(trouble.clone()),
            State::Down(trouble, _) => Some(trouble.clone()),
            State::Idle => None,
            State::Trying(known) => known.clone(),
        };
        if !matches!(*state, State::Trying(_)) {
            *state = State::Trying(known.clone());
            let link = Arc::clone(self);
            let started = thread::Builder::new().name("ssh-connect".to_owned()).spawn(move || link.make());
            if let Err(error) = started {
                *state =
                    State::Down(Trouble::new(format!("no thread could be started: {error}")), Instant::now());
            }
        }
        let until = known.as_ref().map(|_| Instant::now() + HOPE);
        loop {
            match (&*state, until, &known) {
                (State::Up(up), ..) => return Ok(Arc::clone(up)),
                (State::Down(trouble, _), ..) => return Err(trouble.clone()),
                (_, Some(until), Some(known)) if Instant::now() >= until => return Err(known.clone()),
                // Making a connection is bounded by itself.
                _ => {
                    let wait = self.changed.wait_timeout(state, HOPE);
                    state = wait.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// A session on the connection; it must stand.
    pub(super) fn session(&self, add: impl FnOnce(&mut Command)) -> Result<Session, Trouble> {
        let mut command = self.common.options.session(&self.host.destination, &self.socket);
        add(&mut command);
        Session::start(command).map_err(|error| no_ssh(&error))
    }

    /// Makes a connection that may ask on the terminal, in the foreground; the next attempt finds it.
    pub(super) fn ask(&self) -> Result<(), Trouble> {
        let mut command = self.common.options.asking(&self.host.destination, &self.socket);
        let status = command.status().map_err(|error| no_ssh(&error))?;
        *self.lock() = State::Idle;
        if status.success() { Ok(()) } else { Err(Trouble::new("ssh gave up")) }
    }

    /// Whether a connection in the background may be left.
    pub(super) fn end_asked(&self) {
        if self.socket.exists() {
            let _ = self.common.options.ending(&self.host.destination, &self.socket).status();
        }
    }

    /// Takes the connection down; sessions on it end.
    pub(super) fn close(&self) {
        *self.lock() = State::Idle;
    }

    fn make(&self) {
        let made = {
            let _pass = self.common.gate.enter();
            self.connect()
        };
        *self.lock() = match made {
            Ok(up) => State::Up(Arc::new(up)),
            Err(trouble) => State::Down(trouble, Instant::now()),
        };
        self.changed.notify_all();
    }

    fn connect(&self) -> Result<Up, Trouble> {
        let digest = self.common.program.content().map_err(Trouble::new)?.digest;
        let words = self.words(&digest);
        let until = Instant::now() + self.common.options.connect_timeout + LOGIN;
        let mut holder = self.session(|command| script::run(command, Rights::Own, script::LOOK, &words))?;
        let line = match holder.line(until) {
            Ok(line) => line,
            Err(NoLine::Late) => {
                let patience = self.common.options.connect_timeout + LOGIN;
                return Err(Trouble::new(format!(
                    "it does not answer: no login within {} s",
                    patience.as_secs()
                )));
            }
            Err(NoLine::Ended { noise }) => {
                let words = holder.words();
                return Err(if noise.is_empty() || words.contains("Permission denied (") {
                    connecting(&words, &self.host.destination, &self.common.options)
                } else {
                    Trouble::new(format!("its login shell does not run commands: {noise}"))
                });
            }
        };
        let odd = || Trouble::new(format!("it describes itself in a way that is not understood: {line}"));
        let facts = Facts::parse(&line).ok_or_else(odd)?;
        let placed = Mutex::new(facts.has_ours);
        Ok(Up { facts, holder: Mutex::new(holder), placed })
    }

    fn words(&self, digest: &Digest) -> [Word; 3] {
        let Common { target, service, .. } = &*self.common;
        [Word::root(&target.root), Word::digest(digest), Word::service(service)]
    }

    /// Why the connection ended, if it did.
    fn died(&self, up: &Up) -> Option<Trouble> {
        let mut holder = up.holder.lock().unwrap_or_else(PoisonError::into_inner);
        if holder.lives() {
            return None;
        }
        let words = holder.words();
        Some(connecting(&words, &self.host.destination, &self.common.options))
    }

    /// Why the connection is of no use any more, where it is known.
    pub(super) fn why_dead(&self) -> Option<Trouble> {
        let state = self.lock();
        match &*state {
            State::Up(up) => self.died(up),
            State::Down(trouble, _) | State::Trying(Some(trouble)) => Some(trouble.clone()),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What ssh makes of the host's name: the address or name that it connects to.
    pub(super) fn resolved_name(&self) -> Option<String> {
        let mut command = self.common.options.resolving(&self.host.destination);
        let output = command.stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().find_map(|line| line.strip_prefix("hostname ")).map(|name| name.trim().to_owned())
    }
}

fn no_ssh(error: &std::io::Error) -> Trouble {
    Trouble::new(match error.kind() {
        std::io::ErrorKind::NotFound => {
            "there is no `ssh` here; install OpenSSH's client (Debian: openssh-client)".to_owned()
        }
        _ => format!("ssh cannot be started: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_or_refused() {
        let facts = Facts::parse("host Linux x86_64 1000 deploy no yes no").unwrap();
        assert!(!facts.is_root && facts.has_fixed && !facts.has_ours && facts.machine == "x86_64");
        assert!(Facts::parse("host Linux x86_64 0 root yes no").is_none());
        assert!(Facts::parse("have 12").is_none());
    }
}
