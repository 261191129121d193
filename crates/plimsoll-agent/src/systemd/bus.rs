//! The connection to systemd over D-Bus, with a time limit on everything.
//!
//! The message bus is preferred. Where it does not answer, systemd's own private socket is taken: it speaks the same
//! protocol without a bus daemon in between, so a host with a broken D-Bus can still be looked after.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::{OwnedVariant, Variant};

use super::Scope;
use super::connection::{Method, Wire, WireError};

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
#[derive(Debug)]
pub(super) struct Bus {
    wire: Wire,
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

    /// Whether it said that there is no such unit, or no file of it.
    pub(super) fn is_no_such_unit(&self) -> bool {
        let names = ["org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.DBus.Error.FileNotFound"];
        matches!(self, Self::Refused { name, .. } if names.contains(&name.as_str()))
    }
}

impl Bus {
    /// Connects, by the bus where that works.
    pub(super) fn connect(scope: Scope) -> Result<Self, BusError> {
        let (bus_path, private_path) = paths(scope);
        let by_bus = Wire::connect(&bus_path, CONNECT_PATIENCE).and_then(|mut wire| {
            let hello = Method {
                destination: Some("org.freedesktop.DBus"),
                path: "/org/freedesktop/DBus",
                interface: "org.freedesktop.DBus",
                member: "Hello",
            };
            // The connection's name on the bus; nobody needs it.
            wire.call::<_, String>(hello, &(), CONNECT_PATIENCE).map(|_| wire)
        });
        let bus = match by_bus {
            Ok(wire) => return Ok(Self { wire, via: Via::Bus }),
            Err(error) => explain("Hello", error).to_string(),
        };
        match Wire::connect(&private_path, CONNECT_PATIENCE) {
            Ok(wire) => Ok(Self { wire, via: Via::Private }),
            Err(error) => {
                let private = explain("AUTH", error).to_string();
                Err(BusError::Unreachable { bus, bus_path, private, private_path })
            }
        }
    }

    /// Which way it is connected.
    pub(super) fn via(&self) -> Via {
        self.via
    }

    /// Calls a method of systemd.
    pub(super) fn call<B, T>(
        &mut self,
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
        let called = Method { destination, path, interface, member: method };
        self.wire.call(called, body, CALL_PATIENCE).map_err(|error| explain(method, error))
    }

    /// Reads a property.
    pub(super) fn get<T>(&mut self, path: &str, interface: &str, name: &str) -> Result<T, BusError>
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

fn explain(method: &str, error: WireError) -> BusError {
    let method = method.to_owned();
    match error {
        WireError::Lost(why) => BusError::Lost { method, why },
        WireError::Refused { name, message } => BusError::Refused { method, name, message },
        WireError::NotUnderstood(why) => BusError::NotUnderstood { method, why },
    }
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
