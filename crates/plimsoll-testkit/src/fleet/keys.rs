//! Keys and the `ssh_config` with which a test reaches the hosts: strict checking of host keys that are known from the
//! start, one key that only this fleet accepts, nothing of the person's own settings.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::error::{read, write};
use super::{FleetError, tools};

/// The client's key below a fleet's folder.
pub(super) fn identity(folder: &Path) -> PathBuf {
    folder.join("id_ed25519")
}

/// The `ssh_config` below a fleet's folder.
pub(super) fn config(folder: &Path) -> PathBuf {
    folder.join("ssh_config")
}

/// Makes a key pair and returns the public one.
pub(super) fn make(file: &Path) -> Result<String, FleetError> {
    tools::run(
        tools::command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "fleet", "-f"]).arg(file),
    )?;
    read(&file.with_extension("pub")).map(|key| key.trim_end().to_owned())
}

/// Writes `ssh_config` and `known_hosts` for hosts of `(name, address, public key)`.
pub(super) fn write_config(
    folder: &Path,
    user: &str,
    hosts: &[(String, std::net::Ipv4Addr, String)],
) -> Result<(), FleetError> {
    let known = folder.join("known_hosts");
    let mut text = String::new();
    let mut keys = String::new();
    for (name, address, key) in hosts {
        let _ = writeln!(text, "Host {name}\n  HostName {address}\n");
        let _ = writeln!(keys, "{address} {key}");
    }
    let _ = write!(
        text,
        "Host *\n  User {user}\n  IdentityFile {}\n  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {}\n  \
         GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  UpdateHostKeys no\n  BatchMode yes\n",
        identity(folder).display(),
        known.display(),
    );
    write(&known, keys)?;
    write(&config(folder), text)
}
