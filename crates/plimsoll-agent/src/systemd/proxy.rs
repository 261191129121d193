//! The proxy as a unit, behind a socket that systemd holds.
//!
//! `state/proxy-unit.json` says which number serves and with which program. Another program or another account of the
//! unit's text means a new number on the same socket: it is started, steered, and then the one before finishes.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_model::traffic::{RouteTable, TrafficReport};
use plimsoll_model::{ServiceName, Span};
use plimsoll_proxy::{ControlClient, ControlError, SetTableError};
use serde::{Deserialize, Serialize};

use super::account::{self, Account};
use super::files::{FilesError, UnitFiles};
use super::manager::Systemd;
use super::units::{ProxyUnit, UnitNames, proxy, socket};
use super::{Scope, label};
use crate::durable;
use crate::layout::Layout;
use crate::process::holder_of;
use crate::traffic::{Traffic, TrafficError};

/// How long a started unit may take until it is up and answers.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a proxy that was replaced may finish.
const HAND_OVER_GRACE: Duration = Duration::from_secs(30);

/// A proxy unit.
#[derive(Debug)]
pub struct SystemdProxy {
    layout: Layout,
    service: ServiceName,
    names: UnitNames,
    files: UnitFiles,
    systemd: Systemd,
    executable: PathBuf,
    client: Option<ControlClient>,
}

/// What is known of the proxy started last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Record {
    listen: SocketAddr,
    number: u32,
    executable: PathBuf,
    /// It was told to end.
    stopping: bool,
}

/// Whether systemd holds the socket of a service on this address, as far as the record of its proxy says.
pub(crate) fn holds_socket(layout: &Layout, listen: SocketAddr) -> bool {
    record(layout).is_some_and(|record| record.listen == listen && !record.stopping)
}

fn record_path(layout: &Layout) -> PathBuf {
    layout.state().join("proxy-unit.json")
}

fn record(layout: &Layout) -> Option<Record> {
    serde_json::from_slice(&fs::read(record_path(layout)).ok()?).ok()
}

impl SystemdProxy {
    /// The proxy of the layout's service; `executable` is our own program, with the step `proxy`.
    pub fn new(layout: Layout, service: ServiceName, executable: PathBuf, scope: Scope) -> Self {
        Self {
            names: UnitNames::new(&service),
            files: UnitFiles::new(scope, layout.folder()),
            systemd: Systemd::new(scope),
            layout,
            service,
            executable,
            client: None,
        }
    }

    fn record(&self) -> Option<Record> {
        record(&self.layout)
    }

    fn write(&self, record: &Record) -> Result<(), TrafficError> {
        let text = serde_json::to_vec(record).expect("a record has only text keys");
        let path = record_path(&self.layout);
        durable::write(&path, &text)
            .map_err(|error| start_failed(format!("{} cannot be written: {error}", path.display())))
    }

    /// The folder of the sockets by which proxies are steered; theirs alone, and root's.
    fn control(&self) -> PathBuf {
        self.systemd.scope().runtime_folder().join(format!("plimsoll-{}-proxy", self.service))
    }

    fn control_socket(&self, number: u32) -> PathBuf {
        self.control().join(format!("{number}.sock"))
    }

    /// The folder of the table that survives them.
    fn state(&self) -> PathBuf {
        self.layout.folder().join("proxy")
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
        let mut client = ControlClient::connect(&self.control_socket(number))?;
        let answer = ask(&mut client);
        self.client = Some(client).filter(|_| answer.is_ok());
        answer
    }

    /// Makes the folders that proxies need; the account is theirs.
    fn folders(&mut self) -> Result<Option<Account>, TrafficError> {
        let shared = self.layout.shared();
        let account = match self.systemd.scope() {
            Scope::User => None,
            Scope::System => {
                let made = account::ensure(&mut self.systemd, &self.names, &shared);
                Some(made.map_err(|error| start_failed(error.to_string()))?.1)
            }
        };
        for folder in [self.control(), self.state()] {
            let made = fs::DirBuilder::new().mode(0o700).recursive(true).create(&folder);
            made.map_err(|error| start_failed(format!("{} cannot be made: {error}", folder.display())))?;
            if let Some(account) = &account {
                account.own(&folder).map_err(|error| start_failed(error.to_string()))?;
            }
        }
        Ok(account)
    }

    /// Writes both units for this number.
    fn write_units(&mut self, record: &Record) -> Result<(), TrafficError> {
        let account = self.folders()?;
        let (control, state) = (self.control(), self.state());
        let unit = ProxyUnit {
            names: &self.names,
            service: self.service.as_str(),
            folder: self.layout.folder(),
            executable: &record.executable,
            listen: record.listen,
            number: record.number,
            control: &control,
            state: &state,
            account: account.as_ref().map(|account| account.name.as_str()),
            scope: self.systemd.scope(),
            version: env!("CARGO_PKG_VERSION"),
        };
        label::as_program(&record.executable);
        let (template, listening) = (proxy(&unit), socket(&unit));
        let mut write =
            |name: &str, text| self.files.write(&mut self.systemd, name, text).map_err(files_failed);
        write(&self.names.proxy_template(), &template)?;
        write(&self.names.socket(), &listening)?;
        Ok(())
    }

    /// Has the socket bound to the record's address. Says who is in the way where it cannot be.
    fn listen(&mut self, listen: SocketAddr) -> Result<(), TrafficError> {
        let unit = self.names.socket();
        let before = self.systemd.unit(&unit).map_err(bus_failed)?;
        if before.active == "active" && holds_socket(&self.layout, listen) {
            return Ok(());
        }
        // Tried here first: this error is the one that a person has to act on, and so it needs no guessing.
        refuse_taken(listen)?;
        self.systemd.stop(&unit).map_err(bus_failed)?;
        self.systemd.settle(&unit, PATIENCE).map_err(bus_failed)?;
        self.systemd.reset_failed(&unit).map_err(bus_failed)?;
        self.systemd.start(&unit).map_err(bus_failed)?;
        let state = self.systemd.settle(&unit, PATIENCE).map_err(bus_failed)?;
        if state.active == "active" {
            return Ok(());
        }
        let why = format!("systemd could not bind it ({unit} is {})", state.active);
        Err(TrafficError::Listen { listen, why })
    }

    /// Starts the number of this record and waits until it answers; the one before finishes then.
    fn start(&mut self, listen: SocketAddr) -> Result<(), TrafficError> {
        let before = self.record();
        let number = before.as_ref().map_or(0, |record| record.number).wrapping_add(1);
        let record = Record { listen, number, executable: self.executable.clone(), stopping: false };
        self.write_units(&record)?;
        self.systemd.reload().map_err(bus_failed)?;
        self.listen(listen)?;
        let unit = self.names.proxy(number);
        // What a proxy of this number left, before a reboot of this counting.
        let _ = fs::remove_file(self.control_socket(number));
        self.systemd.reset_failed(&unit).map_err(bus_failed)?;
        self.systemd.start(&unit).map_err(bus_failed)?;
        self.await_answer(&unit, number)?;
        for unit in [&self.names.socket(), &unit] {
            self.systemd.enable(unit).map_err(bus_failed)?;
        }
        self.client = None;
        self.write(&record)?;
        if let Some(before) = before {
            self.finish(&before, HAND_OVER_GRACE)?;
        }
        Ok(())
    }

    fn await_answer(&mut self, unit: &str, number: u32) -> Result<(), TrafficError> {
        let (began, socket) = (Instant::now(), self.control_socket(number));
        while ControlClient::connect(&socket).is_err() {
            let state = self.systemd.unit(unit).map_err(bus_failed)?;
            if state.active == "failed" || began.elapsed() > PATIENCE {
                let main = self.systemd.main_process(unit).map_err(bus_failed)?;
                self.systemd.stop(unit).map_err(bus_failed)?;
                return Err(start_failed(format!(
                    "{unit} is {} ({}, {}); `journalctl -u {unit}` has its last words",
                    state.active, main.result, main.status
                )));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Tells a proxy to finish and to stay away. One that does not listen to its control socket is stopped.
    fn finish(&mut self, record: &Record, grace: Duration) -> Result<(), TrafficError> {
        let unit = self.names.proxy(record.number);
        self.systemd.disable(&unit).map_err(bus_failed)?;
        let asked = ControlClient::connect(&self.control_socket(record.number))
            .and_then(|mut client| client.shutdown(grace));
        match asked {
            Ok(()) => Ok(()),
            Err(_) => self.systemd.stop(&unit).map_err(bus_failed),
        }
    }
}

impl Traffic for SystemdProxy {
    fn ensure_running(&mut self, listen: SocketAddr) -> Result<(), TrafficError> {
        let Some(record) = self.record().filter(|record| !record.stopping) else { return self.start(listen) };
        let answers = self.steer(ControlClient::report).is_ok();
        if record.listen == listen && record.executable == self.executable {
            if answers {
                return Ok(());
            }
            // Killed, and systemd is about to bring it back; or stopped by somebody.
            self.write_units(&record)?;
            self.systemd.reload().map_err(bus_failed)?;
            self.listen(listen)?;
            let unit = self.names.proxy(record.number);
            self.systemd.reset_failed(&unit).map_err(bus_failed)?;
            self.systemd.start(&unit).map_err(bus_failed)?;
            return self.await_answer(&unit, record.number);
        }
        if record.listen != listen {
            // Another address: known to be free before the old one is given up.
            refuse_taken(listen)?;
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
        self.steer(ControlClient::report).ok()
    }

    fn stop(&mut self, grace: Span) -> Result<(), TrafficError> {
        let Some(record) = self.record() else { return Ok(()) };
        self.write(&Record { stopping: true, ..record.clone() })?;
        // The socket first: otherwise the next client would have a proxy started.
        let socket = self.names.socket();
        self.systemd.stop(&socket).map_err(bus_failed)?;
        self.systemd.disable(&socket).map_err(bus_failed)?;
        self.finish(&record, grace.duration())?;
        self.files.remove(&socket).map_err(files_failed)?;
        self.systemd.reload().map_err(bus_failed)?;
        // The next proxy must not begin with this one's table.
        match fs::remove_file(self.state().join("table.json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(TrafficError::Unreachable { why: format!("the table cannot be removed: {error}") })
            }
            _ => Ok(()),
        }
    }
}

fn start_failed(why: String) -> TrafficError {
    TrafficError::Start { why }
}

fn bus_failed(error: super::BusError) -> TrafficError {
    start_failed(error.to_string())
}

fn files_failed(error: FilesError) -> TrafficError {
    match error {
        FilesError::Conflict { .. } => TrafficError::Conflict { why: error.to_string() },
        other => start_failed(other.to_string()),
    }
}

/// Refuses an address that somebody listens on. Whether systemd can bind it otherwise is for systemd to say: it may
/// take low ports, and addresses that come later.
fn refuse_taken(listen: SocketAddr) -> Result<(), TrafficError> {
    match TcpListener::bind(listen) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let why = holder_of(listen.port())
                .map_or_else(|| error.to_string(), |holder| format!("{holder} listens there"));
            Err(TrafficError::Listen { listen, why })
        }
        _ => Ok(()),
    }
}
