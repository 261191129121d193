//! Makes sure that the agent of a service runs here: its unit is written, enabled, started, and its socket answers.
//!
//! **Which program wins.** An agent of an older version is replaced by the caller's; one of the same version as well
//! where it is another build of it. A newer one stays; the caller finds out by its greeting whether it can talk to it.
//! Replacing restarts the agent only: instances and proxy are units of their own and go on.

use std::cmp::Ordering;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_model::ServiceName;
use rustix::fs::{FlockOperation, flock};

use super::Scope;
use super::account;
use super::bus::BusError;
use super::files::{FilesError, UnitFiles};
use super::manager::Systemd;
use super::units::{AgentUnit, UnitNames, agent, version_of};
use crate::client::{AgentConnection, CallError};
use crate::layout::{Layout, LayoutError};

/// How long a started agent may take until it answers. Reading a damaged disk may take long; more would not help.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long each question to it may take.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// Which agent shall run.
#[derive(Debug, Clone)]
pub struct EnsureOptions {
    /// Folder of releases and state, for all services.
    pub root: PathBuf,
    /// The service.
    pub service: ServiceName,
    /// The program that the unit shall execute; it must stay where it is.
    pub executable: PathBuf,
    /// Whose systemd.
    pub scope: Scope,
}

/// An agent that does not run.
#[derive(Debug, thiserror::Error)]
pub enum EnsureError {
    /// The user may not.
    #[error("only root can install a service for the whole host (this is user {uid})")]
    NotRoot {
        /// Who asks.
        uid: u32,
    },
    /// The program or the folder cannot be named in a unit.
    #[error("{} cannot be named in a unit: it must be an absolute path without line breaks", path.display())]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// Its unit could not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Its folders could not be made.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Systemd would not.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// It was started and does not answer.
    #[error("the agent ({unit}) was started and does not answer on {}: {why}", socket.display())]
    Silent {
        /// Its unit.
        unit: String,
        /// Its socket.
        socket: PathBuf,
        /// Why, and what systemd says.
        why: String,
    },
}

impl EnsureError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NotRoot { .. } => {
                Some("log in as root, or let the login use `sudo`; or set `scope = \"user\"`".to_owned())
            }
            Self::Files(FilesError::Conflict { .. }) => {
                Some("choose another name for the service, or remove that unit".to_owned())
            }
            Self::Silent { unit, .. } => {
                Some(format!("`journalctl -u {unit}` on that host has its last words"))
            }
            _ => None,
        }
    }
}

/// Installs or updates the agent's unit, starts it and waits until it answers. Twice is as once. Answers with its socket.
pub fn ensure_agent(options: &EnsureOptions) -> Result<PathBuf, EnsureError> {
    check(options)?;
    let layout = Layout::new(&options.root, &options.service);
    layout.create()?;
    // Held until it answers: an agent that is just removing itself, or another command, is waited for.
    let _lock = lock(&layout, true).map_err(|error| lock_failed(&layout, &error))?;
    let socket = layout.sockets_in(&options.scope.socket_folder())?.agent;
    let unit = UnitNames::new(&options.service).agent();
    let files = UnitFiles::new(options.scope, layout.folder());
    let mut systemd = Systemd::new(options.scope);
    let answers = || AgentConnection::connect(&socket, &options.service, ANSWER_PATIENCE);
    let installed = files.read(&unit);
    if installed.as_deref().is_some_and(|text| !shall_replace(text, options)) {
        files.check_ours(&mut systemd, &unit)?;
        // One that speaks another protocol answers as well; what to do then is for the caller's greeting to say.
        if matches!(answers(), Ok(_) | Err(CallError::Refused(_))) {
            return Ok(socket);
        }
    } else {
        files.write(&mut systemd, &unit, &wanted(options))?;
    }
    systemd.enable(&unit)?;
    systemd.reload()?;
    systemd.reset_failed(&unit)?;
    systemd.restart(&unit)?;
    wait(&mut systemd, &unit, &socket, answers)?;
    Ok(socket)
}

/// The lock of whoever changes the agent's own unit; `None` where another one holds it and it is not waited for.
fn lock(layout: &Layout, wait: bool) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(lock_path(layout))?;
    let operation =
        if wait { FlockOperation::LockExclusive } else { FlockOperation::NonBlockingLockExclusive };
    match flock(&file, operation) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn lock_path(layout: &Layout) -> PathBuf {
    layout.state().join("unit.lock")
}

fn lock_failed(layout: &Layout, error: &io::Error) -> FilesError {
    FilesError::Io { action: "lock", path: lock_path(layout), why: error.to_string() }
}

fn check(options: &EnsureOptions) -> Result<(), EnsureError> {
    let uid = rustix::process::getuid();
    if options.scope == Scope::System && !uid.is_root() {
        return Err(EnsureError::NotRoot { uid: uid.as_raw() });
    }
    for path in [&options.root, &options.executable] {
        let plain = path.to_str().is_some_and(|text| !text.contains(|c: char| c.is_control()));
        if !path.is_absolute() || !plain {
            return Err(EnsureError::Path { path: path.clone() });
        }
    }
    Ok(())
}

fn wanted(options: &EnsureOptions) -> super::units::UnitText {
    agent(&AgentUnit {
        executable: &options.executable,
        root: &options.root,
        service: options.service.as_str(),
        scope: options.scope,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Whether the caller's program takes the place of the installed one.
fn shall_replace(installed: &str, options: &EnsureOptions) -> bool {
    let wanted = wanted(options).render();
    let ours = env!("CARGO_PKG_VERSION");
    match version_of(installed).map(|theirs| compare(ours, theirs)) {
        // Not a unit of ours: writing it says so.
        None | Some(Ordering::Greater) => true,
        Some(Ordering::Equal) => installed != wanted || !is_current(options),
        Some(Ordering::Less) => false,
    }
}

/// Whether the running agent was started from the program as it is on disk now.
fn is_current(options: &EnsureOptions) -> bool {
    let layout = Layout::new(&options.root, &options.service);
    let pid = fs::read_to_string(layout.state().join("agent.lock")).unwrap_or_default();
    let running = fs::metadata(format!("/proc/{}/exe", pid.trim()));
    let installed = fs::metadata(&options.executable);
    match (running, installed) {
        (Ok(running), Ok(installed)) => (running.dev(), running.ino()) == (installed.dev(), installed.ino()),
        // Nothing runs: it is started in any case.
        _ => true,
    }
}

/// Compares versions number by number; what follows a number only breaks a tie.
fn compare(a: &str, b: &str) -> Ordering {
    let numbers = |text: &str| -> Vec<u64> {
        let core = text.split(['-', '+']).next().unwrap_or_default();
        core.split('.').map(|part| part.parse().unwrap_or_default()).collect()
    };
    // `1.0.0-beta` comes before `1.0.0`.
    let finished = |text: &str| !text.contains('-');
    numbers(a).cmp(&numbers(b)).then_with(|| finished(a).cmp(&finished(b))).then_with(|| a.cmp(b))
}

fn wait(
    systemd: &mut Systemd,
    unit: &str,
    socket: &Path,
    answers: impl Fn() -> Result<AgentConnection, CallError>,
) -> Result<(), EnsureError> {
    let began = Instant::now();
    let settled = systemd.settle(unit, PATIENCE)?;
    loop {
        let why = match answers() {
            Ok(_) | Err(CallError::Refused(_)) => return Ok(()),
            Err(error) => error.to_string(),
        };
        if began.elapsed() > PATIENCE || settled.load != "loaded" {
            let process = systemd.main_process(unit)?;
            let state = systemd.unit(unit)?;
            let why = format!(
                "{why}; systemd says {} ({}, {}, last exit {})",
                state.active, state.sub, process.result, process.status
            );
            return Err(EnsureError::Silent { unit: unit.to_owned(), socket: socket.to_owned(), why });
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Takes away what was set up for a service that is down: templates, what is left of its instances, and the agent's own
/// unit last, so that nothing brings it back once it ends. Releases, shared files and accounts stay. `false` where a
/// command is about to use the agent: then nothing is done.
pub(crate) fn remove_service(
    layout: &Layout,
    service: &ServiceName,
    scope: Scope,
) -> Result<bool, FilesError> {
    let Some(_lock) = lock(layout, false).map_err(|error| lock_failed(layout, &error))? else {
        return Ok(false);
    };
    let names = UnitNames::new(service);
    let files = UnitFiles::new(scope, layout.folder());
    let mut systemd = Systemd::new(scope);
    if files.read(&names.template()).is_some() {
        for unit in files.drop_ins(names.template().trim_end_matches(".service")) {
            systemd.stop(&unit)?;
            systemd.disable(&unit)?;
            files.remove_drop_in(&unit)?;
        }
    }
    systemd.disable(&names.agent())?;
    for unit in [names.template(), names.socket(), names.proxy_template(), names.agent()] {
        files.remove(&unit)?;
    }
    for unit in files.units(&names.once_prefix()) {
        systemd.stop(&unit)?;
        files.remove(&unit)?;
    }
    account::forget(&names);
    systemd.reload()?;
    for slice in names.slices() {
        systemd.stop(&slice)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (older, newer) in
            [("0.9.0", "0.10.0"), ("1.0.0-beta", "1.0.0"), ("1.0.0-a", "1.0.0-b"), ("1.2", "1.2.1")]
        {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare(newer, older), Ordering::Greater);
        }
        assert_eq!(compare("1.0.0", "1.0.0"), Ordering::Equal);
    }

    #[test]
    fn a_newer_agent_stays_and_an_older_one_goes() {
        let options = EnsureOptions {
            root: "/nowhere".into(),
            service: "greeter".parse().unwrap(),
            executable: "/nowhere/plimsoll".into(),
            scope: Scope::System,
        };
        let text = wanted(&options).render();
        assert!(!shall_replace(&text, &options));
        let of = |version: &str| {
            text.replace(&format!("Version={}", env!("CARGO_PKG_VERSION")), &format!("Version={version}"))
        };
        assert!(shall_replace(&of("0.0.1"), &options));
        assert!(!shall_replace(&of("999.0.0"), &options));
        let other = EnsureOptions { executable: "/elsewhere/plimsoll".into(), ..options };
        assert!(shall_replace(&text, &other), "another build of the same version");
    }
}
