//! Accounts without login, made by systemd: `sysusers.d` says what shall be, `systemd-sysusers` makes it.
//!
//! It runs as a transient service, over D-Bus like everything else. Its own unit would not do: that one runs only after an
//! update of `/usr`. Accounts stay when the service goes, because the files in `shared/` are theirs.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bus::BusError;
use super::files::{FilesError, replace};
use super::manager::Systemd;
use super::units::UnitNames;

const PATIENCE: Duration = Duration::from_secs(20);
const PASSWD: &str = "/etc/passwd";
/// Where the program is, on all distributions that have it.
const PROGRAM: &str = "/usr/bin/systemd-sysusers";

/// An account of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    uid: u32,
    gid: u32,
}

/// An account that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// It could not be made.
    #[error("the account {name} could not be made: {why}")]
    Make {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// The release names one that is not on this host.
    #[error("the account {name} is not in {PASSWD}; make it, or leave `user` out of [run]")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// A folder could not be given to it.
    #[error("{} could not be given to {name}: {why}", path.display())]
    Own {
        /// The folder.
        path: PathBuf,
        /// The account.
        name: String,
        /// Why.
        why: String,
    },
    /// Its description could not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Systemd could not be asked.
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// The account that a release names.
pub(super) fn named(name: &str) -> Result<Account, AccountError> {
    find(name).ok_or_else(|| AccountError::Unknown { name: name.to_owned() })
}

/// The accounts of instances and proxies, made where they are missing.
pub(super) fn ensure(
    systemd: &mut Systemd,
    names: &UnitNames,
    home: &Path,
) -> Result<(Account, Account), AccountError> {
    let (account, proxy) = (names.account(), names.proxy_account());
    let both = || Some((find(&account)?, find(&proxy)?));
    if let Some(both) = both() {
        return Ok(both);
    }
    let failed = |why: String| AccountError::Make { name: account.clone(), why };
    let text = format!(
        "# Made by plimsoll.\nu {account} - \"instances\" \"{}\" -\nu {proxy} - \"proxies\" / -\n",
        home.display()
    );
    let path = description(&account);
    replace(&path, &text)?;
    let command = [PROGRAM, path.to_str().unwrap_or_default()];
    let ended = systemd.run(&names.accounts(), &command, PATIENCE)?;
    both().ok_or_else(|| {
        let status = ended.status;
        failed(format!(
            "systemd-sysusers ended with {} (status {status}); `journalctl -u {}` says why",
            ended.result,
            names.accounts()
        ))
    })
}

/// Takes the description away; the accounts stay.
pub(super) fn forget(names: &UnitNames) {
    // Without it nothing is made again; with it nothing is wrong either.
    let _ = fs::remove_file(description(&names.account()));
}

fn description(account: &str) -> PathBuf {
    Path::new("/etc/sysusers.d").join(format!("{account}.conf"))
}

impl Account {
    /// Gives a folder to the account where it is still root's. One that is somebody else's stays.
    pub(super) fn own(&self, folder: &Path) -> Result<(), AccountError> {
        let failed = |error: std::io::Error| AccountError::Own {
            path: folder.to_owned(),
            name: self.name.clone(),
            why: error.to_string(),
        };
        let found = fs::metadata(folder).map_err(failed)?;
        if found.uid() == 0 && self.uid != 0 {
            chown(folder, Some(self.uid), Some(self.gid)).map_err(failed)?;
        }
        Ok(())
    }
}

/// An account in `/etc/passwd`: a static program cannot ask the C library, which would load modules for it.
fn find(name: &str) -> Option<Account> {
    parse(&fs::read_to_string(PASSWD).ok()?, name)
}

fn parse(passwd: &str, name: &str) -> Option<Account> {
    let fields =
        passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
    Some(Account {
        name: name.to_owned(),
        uid: fields.get(2)?.parse().ok()?,
        gid: fields.get(3)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_from_the_table() {
        let text =
            "root:x:0:0:root:/root:/bin/sh\nplimsoll-a:x:997:996:instances:/x:/usr/sbin/nologin\nbroken:x\n";
        let found = parse(text, "plimsoll-a").unwrap();
        assert_eq!((found.uid, found.gid), (997, 996));
        assert_eq!(parse(text, "plimsoll"), None);
        assert_eq!(parse(text, "broken"), None);
    }
}
