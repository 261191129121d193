//! The proxy as a process of its own, found again through a file.
//!
//! `state/proxy-process.json` says where it listens and where it is steered. A new proxy gets a new control socket,
//! so that one that still finishes its requests never stands in the way of the next.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_model::Span;
use plimsoll_model::traffic::{RouteTable, TrafficReport};
use plimsoll_proxy::{
    ControlClient, ControlError, Listen, Proxy, ProxyOptions, SetTableError, ShutdownHandle,
};
use serde::{Deserialize, Serialize};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

use super::{Traffic, TrafficError, keeper};
use crate::durable;
use crate::layout::{Layout, Sockets};
use crate::process::{detach, holder_of, spawn_detached};

/// How long a proxy that was asked to end by a signal lets requests finish; below its unit's `TimeoutStopSec`.
const FINISH: Duration = Duration::from_secs(30);
/// How long a new proxy may take until it answers.
const START_PATIENCE: Duration = Duration::from_secs(5);

/// A proxy process.
#[derive(Debug)]
pub struct ProxyProcess {
    record: PathBuf,
    table: PathBuf,
    sockets: Sockets,
    plimsoll: PathBuf,
    client: Option<ControlClient>,
    /// Started by this agent, to be collected when they end.
    children: Vec<Child>,
}

/// What is known of the proxy started last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Record {
    listen: SocketAddr,
    number: u32,
    /// It was told to end.
    stopping: bool,
}

impl ProxyProcess {
    /// The proxy of the layout's service; `plimsoll` is our own program, with the step `proxy`.
    pub fn new(layout: &Layout, sockets: Sockets, plimsoll: PathBuf) -> Self {
        let record = layout.state().join("proxy-process.json");
        let table = layout.proxy_state();
        Self { record, table, sockets, plimsoll, client: None, children: Vec::new() }
    }

    fn record(&self) -> Option<Record> {
        serde_json::from_slice(&fs::read(&self.record).ok()?).ok()
    }

    fn write(&self, record: &Record) -> Result<(), TrafficError> {
        let text = serde_json::to_vec(record).expect("a record has only text keys");
        durable::write(&self.record, &text).map_err(|error| TrafficError::Start {
            why: format!("{} cannot be written: {error}", self.record.display()),
        })
    }

    /// Does something with the proxy; where the connection is old and broken, once more with a new one.
    fn steer<T>(
        &mut self,
        ask: impl Fn(&mut ControlClient) -> Result<T, ControlError>,
    ) -> Result<T, ControlError> {
        if let Some(client) = &mut self.client {
            match ask(client) {
                Err(ControlError::Broken { .. } | ControlError::NotUnderstood { .. }) => self.client = None,
                other => return other,
            }
        }
        let number = self.record().map_or(0, |record| record.number);
        let mut client = ControlClient::connect(&self.sockets.proxy(number))?;
        let answer = ask(&mut client);
        self.client = Some(client).filter(|_| answer.is_ok());
        answer
    }

    fn collect(&mut self) {
        self.children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }

    fn start(&mut self, listen: SocketAddr) -> Result<(), TrafficError> {
        // Tried here first: this error is the one that a person has to act on, and so it needs no guessing.
        TcpListener::bind(listen).map_err(|error| taken(listen, &error))?;
        let last = self.record().map_or(0, |record| record.number);
        // One that was killed leaves its socket behind; one that still finishes removes it itself.
        if ControlClient::connect(&self.sockets.proxy(last)).is_err() {
            let _ = fs::remove_file(self.sockets.proxy(last));
        }
        let number = last.wrapping_add(1);
        let socket = self.sockets.proxy(number);
        self.client = None;
        self.write(&Record { listen, number, stopping: false })?;
        let failure = failure_path(&self.table);
        let _ = fs::remove_file(&failure);
        let address = listen.to_string();
        let args = [
            "proxy".as_ref(),
            "--listen".as_ref(),
            address.as_ref(),
            "--control".as_ref(),
            socket.as_os_str(),
            "--state".as_ref(),
            self.table.as_os_str(),
        ];
        let failed = |why: String| TrafficError::Start { why };
        let mut child = spawn_detached(&self.plimsoll, &args).map_err(|error| failed(error.to_string()))?;
        let began = Instant::now();
        let outcome = loop {
            if ControlClient::connect(&socket).is_ok() {
                break Ok(());
            }
            if let Ok(Some(status)) = child.try_wait() {
                let why = fs::read_to_string(&failure).unwrap_or_else(|_| status.to_string());
                break Err(failed(why));
            }
            if began.elapsed() > START_PATIENCE {
                break Err(failed(format!("it does not answer on {}", socket.display())));
            }
            thread::sleep(Duration::from_millis(2));
        };
        self.children.push(child);
        outcome
    }
}

impl Traffic for ProxyProcess {
    fn ensure_running(&mut self, listen: SocketAddr) -> Result<(), TrafficError> {
        self.collect();
        if let Some(record) = self.record().filter(|record| !record.stopping)
            && self.steer(ControlClient::report).is_ok()
        {
            if record.listen == listen {
                return Ok(());
            }
            // Another address: known to be free before the old one is given up.
            TcpListener::bind(listen).map_err(|error| taken(listen, &error))?;
            self.stop(Span::from_secs(30))?;
        }
        self.start(listen)
    }

    fn set(&mut self, table: &RouteTable) -> Result<(), TrafficError> {
        match self.steer(|client| client.set_table(table)) {
            Ok(()) => Ok(()),
            Err(ControlError::Table(error @ SetTableError::NotStored { .. })) => {
                Err(TrafficError::Unreachable { why: error.to_string() })
            }
            Err(error @ (ControlError::Table(_) | ControlError::Refused { .. })) => {
                Err(TrafficError::Refused { version: table.version, why: error.to_string() })
            }
            Err(error) => Err(TrafficError::Unreachable { why: error.to_string() }),
        }
    }

    fn report(&mut self) -> Option<TrafficReport> {
        self.collect();
        self.steer(ControlClient::report).ok()
    }

    fn stop(&mut self, grace: Span) -> Result<(), TrafficError> {
        let Some(record) = self.record() else { return Ok(()) };
        self.write(&Record { stopping: true, ..record })?;
        match self.steer(|client| client.shutdown(grace.duration())) {
            Ok(()) | Err(ControlError::Unreachable { .. } | ControlError::Broken { .. }) => {}
            Err(error) => return Err(TrafficError::Unreachable { why: error.to_string() }),
        }
        // The next proxy must not begin with this one's table.
        match fs::remove_file(&self.table) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(TrafficError::Unreachable {
                why: format!("{} cannot be removed: {error}", self.table.display()),
            }),
            _ => Ok(()),
        }
    }
}

/// An address that cannot be listened on, with who holds it where that can be seen.
fn taken(listen: SocketAddr, error: &io::Error) -> TrafficError {
    let holder = match error.kind() {
        io::ErrorKind::AddrInUse => holder_of(listen.port()),
        _ => None,
    };
    let why = holder.map_or_else(|| error.to_string(), |holder| format!("{holder} listens there"));
    TrafficError::Listen { listen, why }
}

/// Where a proxy that cannot start says why.
fn failure_path(table: &Path) -> PathBuf {
    let mut path = table.as_os_str().to_owned();
    path.push(".failure");
    PathBuf::from(path)
}

/// The step `proxy --listen <address> --control <socket> --state <file>`: runs a proxy until it is told to end.
pub fn proxy_main(listen: SocketAddr, control: &Path, state: &Path) -> ExitCode {
    detach();
    run(Listen::Address(listen), control, state)
}

/// The step `proxy --inherited ...`: as above, on the listening socket that is its standard input. A service manager hands
/// it over there; a number in the environment could not be made a socket again without `unsafe`.
pub fn inherited_proxy_main(control: &Path, state: &Path) -> ExitCode {
    match io::stdin().as_fd().try_clone_to_owned() {
        Ok(socket) => run(Listen::Bound(socket.into()), control, state),
        Err(_) => ExitCode::FAILURE,
    }
}

fn run(listen: Listen, control: &Path, state: &Path) -> ExitCode {
    let options = ProxyOptions {
        listen,
        control_socket: Some(control.to_owned()),
        state_file: Some(state.to_owned()),
        ..ProxyOptions::default()
    };
    match Proxy::start(options) {
        Ok(proxy) => {
            finish_at_signal(proxy.shutdown_handle());
            keeper::keep(proxy.shutdown_handle(), state);
            proxy.wait();
            ExitCode::SUCCESS
        }
        Err(error) => {
            // Nobody reads its output; the agent reads this. Where it cannot be written, the exit code remains.
            let _ = durable::write(&failure_path(state), error.to_string().as_bytes());
            ExitCode::FAILURE
        }
    }
}

/// SIGTERM is how `systemctl stop` and a shutdown of the host ask: clients get the answers that they wait for.
fn finish_at_signal(proxy: ShutdownHandle) {
    // Where the signal cannot be caught it ends the proxy at once, as it would have done.
    if let Ok(mut signals) = Signals::new([SIGTERM]) {
        thread::spawn(move || {
            if signals.forever().next().is_some() {
                proxy.shutdown(FINISH);
            }
        });
    }
}
