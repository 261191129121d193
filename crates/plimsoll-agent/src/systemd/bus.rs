//! The connection to systemd over D-Bus, with a time limit on everything.
//!
//! The message bus is preferred. Where it does not answer, systemd's own private socket is taken: it speaks the same
//! protocol without a bus daemon in between, so a host with a broken D-Bus can still be looked after.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::connection::Builder;
use zbus::{Connection, OwnedVariant, Variant};

use super::Scope;

/// How long a call may take. Reloading and enabling read and write files; everything else is much shorter.
const CALL_PATIENCE: Duration = Duration::from_secs(25);
/// How long connecting and greeting may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

const DESTINATION: &str = "org.freedesktop.systemd1";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// Which way systemd is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Through the message bus.
    Bus,
    /// Through systemd's own socket.
    Private,
}

/// A connection to systemd.
#[derive(Debug, Clone)]
pub(super) struct Bus {
    connection: Connection,
    via: Via,
}

/// A call that systemd did not answer as hoped for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// Neither way leads to systemd.
    #[error("systemd cannot be reached: {bus} ({}), and {private} ({})", bus_path.display(), private_path.display())]
    Unreachable {
        /// Why not by the bus.
        bus: String,
        /// The bus's socket.
        bus_path: PathBuf,
        /// Why not by systemd's own socket.
        private: String,
        /// That socket.
        private_path: PathBuf,
    },
    /// The connection broke, or no answer came in time.
    #[error("systemd did not answer `{method}`: {why}")]
    Lost {
        /// What was called.
        method: String,
        /// Why.
        why: String,
    },
    /// It said no.
    #[error("systemd refused `{method}`: {message}")]
    Refused {
        /// What was called.
        method: String,
        /// The error's name, as `org.freedesktop.systemd1.NoSuchUnit`.
        name: String,
        /// What it said.
        message: String,
    },
    /// It answered with something else than expected.
    #[error("systemd's answer to `{method}` makes no sense: {why}")]
    NotUnderstood {
        /// What was called.
        method: String,
        /// Why.
        why: String,
    },
}

impl BusError {
    /// Whether another connection may do better.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Unreachable { .. })
    }

    /// Whether it said that there is no such unit.
    pub(super) fn is_no_such_unit(&self) -> bool {
        matches!(self, Self::Refused { name, .. } if name == "org.freedesktop.systemd1.NoSuchUnit")
    }
}

impl Bus {
    /// Connects, by the bus where that works.
    pub(super) fn connect(scope: Scope) -> Result<Self, BusError> {
        let (bus_path, private_path) = paths(scope);
        let bus = match connect_within(bus_path.clone(), false) {
            Ok(connection) => return Ok(Self { connection, via: Via::Bus }),
            Err(why) => why,
        };
        match connect_within(private_path.clone(), true) {
            Ok(connection) => Ok(Self { connection, via: Via::Private }),
            Err(private) => Err(BusError::Unreachable { bus, bus_path, private, private_path }),
        }
    }

    /// Which way it is connected.
    pub(super) fn via(&self) -> Via {
        self.via
    }

    /// Calls a method of systemd.
    pub(super) fn call<B, T>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<T, BusError>
    where
        B: Serialize + zbus::DynamicType,
        T: DeserializeOwned + zbus::Type,
    {
        let destination = (self.via == Via::Bus).then_some(DESTINATION);
        let call = self.connection.call_method(destination, path, Some(interface), method, body);
        let answer = zbus::block_on(call).map_err(|error| explain(method, error))?;
        answer
            .body()
            .deserialize::<T>()
            .map_err(|error| BusError::NotUnderstood { method: method.to_owned(), why: error.to_string() })
    }

    /// Reads a property.
    pub(super) fn get<T>(&self, path: &str, interface: &str, name: &str) -> Result<T, BusError>
    where
        T: for<'v> TryFrom<Variant<'v>>,
    {
        let value: OwnedVariant = self.call(path, PROPERTIES, "Get", &(interface, name))?;
        T::try_from(Variant::from(value)).map_err(|_| BusError::NotUnderstood {
            method: format!("Get {name}"),
            why: "it has another type".to_owned(),
        })
    }
}

fn explain(method: &str, error: zbus::Error) -> BusError {
    let method = method.to_owned();
    match error {
        zbus::Error::MethodError(name, message, _) => BusError::Refused {
            method,
            message: message.unwrap_or_else(|| name.to_string()),
            name: name.to_string(),
        },
        zbus::Error::FDO(error) => {
            BusError::Refused { method, name: "org.freedesktop.DBus".to_owned(), message: error.to_string() }
        }
        error => BusError::Lost { method, why: error.to_string() },
    }
}

/// Connects in a thread of its own: a bus that takes the connection and then says nothing (its daemon hangs, and PID 1
/// still holds its socket) must not hold the agent.
fn connect_within(path: PathBuf, private: bool) -> Result<Connection, String> {
    let (sender, receiver) = mpsc::channel();
    let work = move || drop(sender.send(zbus::block_on(connect(&path, private))));
    thread::Builder::new().name("dbus".to_owned()).spawn(work).map_err(|error| error.to_string())?;
    match receiver.recv_timeout(CONNECT_PATIENCE) {
        Ok(connected) => connected,
        Err(_) => Err(format!("no greeting within {} s", CONNECT_PATIENCE.as_secs())),
    }
}

async fn connect(path: &Path, private: bool) -> Result<Connection, String> {
    let stream = UnixStream::connect(path).map_err(|error| error.to_string())?;
    stream.set_nonblocking(true).map_err(|error| error.to_string())?;
    let builder = Builder::unix_stream(stream).method_timeout(CALL_PATIENCE);
    let builder = if private { builder.p2p() } else { builder };
    builder.build().await.map_err(|error| error.to_string())
}

/// The bus's socket, and systemd's own.
fn paths(scope: Scope) -> (PathBuf, PathBuf) {
    match scope {
        Scope::System => ("/run/dbus/system_bus_socket".into(), "/run/systemd/private".into()),
        Scope::User => {
            let runtime = super::user_runtime_folder();
            (runtime.join("bus"), runtime.join("systemd/private"))
        }
    }
}
