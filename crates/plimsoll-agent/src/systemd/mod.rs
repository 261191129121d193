//! A host with systemd: instances, proxies and the agent itself as units, over D-Bus and never by calling commands.
//!
//! `units/` says what the units contain and is pure; `connection.rs`, `bus.rs` and `manager.rs` speak to systemd; `files.rs` writes unit
//! files and touches none that plimsoll did not make. On top of these stand [`SystemdRuntime`] (instances),
//! [`SystemdProxy`] (the proxy and its socket) and [`ensure_agent`] (the agent). `docs/design/systemd.md` says why.

mod account;
mod activation;
mod bus;
mod connection;
mod ensure;
mod files;
mod journal;
mod label;
mod manager;
mod proxy;
mod runtime;
pub mod units;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use account::AccountError;
pub use bus::{BusError, Via};
pub(crate) use ensure::remove_service;
pub use ensure::{EnsureError, EnsureOptions, ensure_agent};
pub use files::FilesError;
pub use proxy::SystemdProxy;
pub(crate) use proxy::holds_socket;
pub use runtime::SystemdRuntime;

/// Which systemd looks after the units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The host's, process 1; needs root.
    #[default]
    System,
    /// The user's own. Accounts, low ports and most of the sandbox are not to be had there.
    User,
}

impl Scope {
    /// Where unit files of this scope are written: the folder of the administrator, so that they outlive a reboot.
    pub fn unit_folder(self) -> PathBuf {
        match self {
            Self::System => "/etc/systemd/system".into(),
            Self::User => {
                let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
                let config = config.filter(|path| path.is_absolute());
                let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".config");
                config.unwrap_or_else(home).join("systemd/user")
            }
        }
    }

    /// Where sockets of this scope's agents and proxies lie; below it each has its own folder.
    pub fn runtime_folder(self) -> PathBuf {
        match self {
            Self::System => "/run".into(),
            Self::User => user_runtime_folder(),
        }
    }

    /// The folder of the agents' sockets.
    pub fn socket_folder(self) -> PathBuf {
        self.runtime_folder().join("plimsoll")
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::System => "system",
            Self::User => "user",
        })
    }
}

/// Whether systemd is this host's process 1, as `sd_booted(3)` tells it.
pub fn is_booted() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// `$XDG_RUNTIME_DIR`, or where it is by custom: an ssh session without a login has no such variable.
fn user_runtime_folder() -> PathBuf {
    let named = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    named.unwrap_or_else(|| Path::new("/run/user").join(rustix::process::getuid().as_raw().to_string()))
}
