//! The agent as a process: one for each root and service, behind a Unix socket, on this machine's clock.
//!
//! [`serve`] runs until it is killed, or until there is nothing left to look after. Being killed is no event: the
//! instances, their shims and the proxy are other processes, and the next agent goes on from the saved state.

mod clock;
mod connection;
mod lock;
mod page;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_model::ServiceName;

use crate::core::{About, Agent, OpenError, Parts};
use crate::facts::{Place, Reach};
use crate::layout::{Layout, LayoutError, Sockets};
use crate::place::{self, PlaceError};
use crate::process::{LocalRuntime, detach};
use crate::runtime::Runtime;
use crate::state::file::FileState;
use crate::store::StoreError;
use crate::store::sealed::SealedStore;
use crate::systemd::{Scope, SystemdProxy, SystemdRuntime, remove_service};
use crate::traffic::Traffic;
use crate::traffic::proxy_process::ProxyProcess;

pub use clock::HostClock;
pub use lock::LockError;

/// Time between two ticks.
const TICK: Duration = Duration::from_millis(50);
/// Connections at the same time; more are closed at once.
const MOST_CONNECTIONS: usize = 64;

/// What an agent process is started with.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Folder of releases and state, for all services.
    pub root: PathBuf,
    /// The service.
    pub service: ServiceName,
    /// Where it takes requests; absent for [`Layout::sockets`].
    pub socket: Option<PathBuf>,
    /// Our own program, with the steps `shim`, `launch` and `proxy`.
    pub executable: PathBuf,
    /// Our version, for messages.
    pub version: String,
    /// Ends after so long without instances, proxy or connections; absent runs on.
    pub idle: Option<Duration>,
    /// Names and HTTP, for the probes among the facts.
    pub reach: Reach,
    /// Who looks after its processes.
    pub supervisor: Supervisor,
}

/// Who looks after an agent's processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Supervisor {
    /// Our own shims: any Linux, any user.
    #[default]
    Shims,
    /// Systemd.
    Systemd(Scope),
}

/// Why an agent could not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its folders cannot be used.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Another agent runs, or the lock cannot be taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Its folder is a copy of another.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Its releases cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its state cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its socket cannot be made.
    #[error("cannot take requests on {}", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// An agent that several threads use, and its clock.
pub(crate) struct Served {
    agent: Mutex<(Agent, HostClock)>,
    connections: AtomicUsize,
    /// Where facts are gathered, without the lock on the agent.
    pub(crate) place: Place,
}

/// Runs an agent until it has been idle for long enough.
pub fn serve(options: &ServeOptions) -> Result<(), ServeError> {
    // The command that started this agent, and its terminal, may go.
    detach();
    let layout = Layout::new(&options.root, &options.service);
    layout.create()?;
    let _lock = lock::take(&layout.state().join("agent.lock"))?;
    place::claim(&layout)?;
    let mut clock = HostClock::new();
    let agent = Agent::open(parts(options, &layout)?, clock.now())?;
    // Asked for now: the folder that says where they are may be gone in the end.
    let sockets = sockets(options, &layout)?;
    let socket = options.socket.clone().unwrap_or_else(|| sockets.agent.clone());
    let listener = listen(&socket).map_err(|source| ServeError::Socket { path: socket.clone(), source })?;
    let place = Place { root: options.root.clone(), service: options.service.clone(), reach: options.reach };
    let agent = Mutex::new((agent, clock));
    let served = Arc::new(Served { agent, connections: AtomicUsize::new(0), place });
    let accepting = Arc::clone(&served);
    thread::Builder::new()
        .name("accept".to_owned())
        .spawn(move || accept(&listener, &accepting))
        .map_err(|source| ServeError::Socket { path: socket.clone(), source })?;
    loop {
        tick_until_idle(&served, options.idle, &layout.state());
        // Otherwise it would be brought back at once. Where this fails, it is, and tries again when it is idle again.
        let removed = match options.supervisor {
            Supervisor::Systemd(scope) => remove_service(&layout, &options.service, scope),
            Supervisor::Shims => break,
        };
        if !matches!(removed, Ok(false)) {
            break;
        }
    }
    // The lock is still held, so this is our socket and not a later agent's.
    let _ = fs::remove_file(&socket);
    sockets.sweep();
    Ok(())
}

fn sockets(options: &ServeOptions, layout: &Layout) -> Result<Sockets, LayoutError> {
    match options.supervisor {
        Supervisor::Shims => layout.sockets(),
        Supervisor::Systemd(scope) => layout.sockets_in(&scope.socket_folder()),
    }
}

/// The parts of an agent on this machine.
pub fn parts(options: &ServeOptions, layout: &Layout) -> Result<Parts, ServeError> {
    let (runtime, traffic): (Box<dyn Runtime>, Box<dyn Traffic>) = match options.supervisor {
        Supervisor::Shims => (
            Box::new(LocalRuntime::new(layout.clone(), options.executable.clone())),
            Box::new(ProxyProcess::new(layout, layout.sockets()?, options.executable.clone())),
        ),
        Supervisor::Systemd(scope) => {
            let (service, executable) = (options.service.clone(), options.executable.clone());
            (
                Box::new(SystemdRuntime::new(layout.clone(), service.clone(), scope)),
                Box::new(SystemdProxy::new(layout.clone(), service, executable, scope)),
            )
        }
    };
    Ok(Parts {
        service: options.service.clone(),
        about: About { version: options.version.clone(), pid: std::process::id() },
        state: Box::new(FileState::new(layout)),
        runtime,
        traffic,
        store: Box::new(SealedStore::new(layout.clone(), options.service.clone())?),
    })
}

/// Binds the socket. The lock says that no other agent lives, so one that is there is left over.
fn listen(socket: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    fs::set_permissions(socket, PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

fn accept(listener: &UnixListener, served: &Arc<Served>) {
    loop {
        match listener.accept() {
            Ok((stream, _)) => answer(stream, served),
            // Out of files or memory: others may end soon.
            Err(_) => thread::sleep(TICK),
        }
    }
}

fn answer(stream: UnixStream, served: &Arc<Served>) {
    if served.connections.fetch_add(1, Ordering::AcqRel) >= MOST_CONNECTIONS {
        served.connections.fetch_sub(1, Ordering::AcqRel);
        return;
    }
    let mine = Arc::clone(served);
    let work = move || {
        connection::serve(stream, &mine);
        mine.connections.fetch_sub(1, Ordering::AcqRel);
    };
    if thread::Builder::new().name("connection".to_owned()).spawn(work).is_err() {
        served.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Ends when there has been nothing to do for long enough, or when somebody has removed the folder that everything is
/// in: nothing could be remembered any more, and nobody could ask for anything.
fn tick_until_idle(served: &Served, idle: Option<Duration>, state: &Path) {
    let mut busy = Instant::now();
    loop {
        thread::sleep(TICK);
        if !state.is_dir() {
            return;
        }
        let mut locked = served.lock();
        let (agent, clock) = &mut *locked;
        agent.tick(clock.now());
        if agent.has_work() || served.connections.load(Ordering::Acquire) > 0 {
            busy = Instant::now();
        }
        if idle.is_some_and(|idle| busy.elapsed() > idle) {
            return;
        }
    }
}

impl Served {
    pub(crate) fn lock(&self) -> MutexGuard<'_, (Agent, HostClock)> {
        // A panic in one request must not end the service's supervision; the state on disk is whole in any case.
        self.agent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
