//! A fleet: brought up, found again, taken away.

use std::path::PathBuf;

use super::cgroups::{Layout, Limits};
use super::error::{read, write};
use super::slot::{self, Slot, Watcher};
use super::{FleetError, Host, Unavailable, availability, keys, network, root_files};

/// What kind of fleet.
#[derive(Debug, Clone)]
pub struct FleetOptions {
    /// How many hosts; their names are `web1` to `webN`.
    pub hosts: u8,
    /// The user that `ssh web1` logs in as: `root` or `deploy`. Both accept the fleet's key.
    pub user: &'static str,
    /// A file of rules for sudo, in its own syntax; without one, `deploy` may not become root.
    pub sudoers: Option<String>,
    /// Whether services of `deploy` (`systemctl --user`) run without a login.
    pub linger: bool,
    /// The size of each host's disk. It is memory, taken when it is written.
    pub disk_megabytes: u32,
    /// Debian packages that the hosts have beside the usual ones.
    pub packages: &'static [&'static str],
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self { hosts: 1, user: "root", sudoers: None, linger: false, disk_megabytes: 1024, packages: &[] }
    }
}

/// Hosts that are up. Dropping it takes everything away that it made.
#[derive(Debug)]
pub struct Fleet {
    slot: u8,
    hosts: Vec<Host>,
    limits: Limits,
    /// None where it was kept by an earlier owner.
    owned: Option<(Slot, Watcher)>,
}

/// The size of the disks, in the fleet's folder.
const DISK: &str = "disk_megabytes";

impl Fleet {
    /// Whether a fleet can be had here; the error says what is missing.
    pub fn availability() -> Result<(), Unavailable> {
        availability::check()
    }

    /// Brings a fleet up: returns when every host has booted and answers over ssh.
    pub fn up(options: FleetOptions) -> Result<Self, FleetError> {
        availability::check()?;
        if options.hosts == 0 || options.hosts > network::MOST {
            return Err(FleetError::Size { asked: options.hosts, most: network::MOST });
        }
        let root = root_files::ready(options.packages)?;
        let layout = Layout::detect().map_err(Unavailable::from_reason)?;
        let slot = Slot::take()?;
        let number = slot.number();
        let host = |n| Host::new(number, n, &layout, options.disk_megabytes);
        // From here on, whatever fails or is killed, the watcher takes away what was made.
        let watcher = slot.watch()?;
        let hosts = (1..=options.hosts).map(host).collect();
        let fleet = Self { slot: number, hosts, limits: layout.limits(), owned: Some((slot, watcher)) };
        let folder = slot::folder(number);
        write(&folder.join(DISK), options.disk_megabytes.to_string())?;
        let authorized = keys::make(&keys::identity(&folder))?;
        network::make(number)?;
        let mut known = Vec::new();
        for host in &fleet.hosts {
            let key = host.make(&root, &options, &authorized)?;
            host.start()?;
            known.push((host.name().to_owned(), host.address(), key));
        }
        keys::write_config(&folder, options.user, &known)?;
        fleet.hosts.iter().try_for_each(Host::wait_until_up)?;
        Ok(fleet)
    }

    /// The fleets that were kept, the oldest number first.
    pub fn kept() -> Result<Vec<Self>, FleetError> {
        Slot::kept().into_iter().map(Self::find).collect()
    }

    fn find(number: u8) -> Result<Self, FleetError> {
        let layout = Layout::detect().map_err(Unavailable::from_reason)?;
        let folder = slot::folder(number);
        let megabytes = read(&folder.join(DISK))?.parse().unwrap_or(FleetOptions::default().disk_megabytes);
        let exists = |n: &u8| folder.join(format!("web{n}")).exists();
        let hosts = (1..=network::MOST).take_while(exists);
        let hosts = hosts.map(|n| Host::new(number, n, &layout, megabytes)).collect();
        Ok(Self { slot: number, hosts, limits: layout.limits(), owned: None })
    }

    /// Leaves it running after its owner's end, for [`kept`](Self::kept) to find.
    pub fn keep(mut self) -> Result<(), FleetError> {
        if let Some((slot, watcher)) = self.owned.take() {
            slot.keep()?;
            watcher.dismiss();
        }
        Ok(())
    }

    /// Takes away a fleet that was kept; `false` where somebody else is doing so. A fleet that was not kept ends with
    /// its value.
    pub fn down(self) -> Result<bool, FleetError> {
        if self.owned.is_some() {
            return Ok(true);
        }
        Slot::end_kept(self.slot)
    }

    /// Its hosts, in the order of their numbers.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The host with a name.
    pub fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.name() == name)
    }

    /// The folder that holds all that is the fleet's.
    pub fn folder(&self) -> PathBuf {
        slot::folder(self.slot)
    }

    /// The `ssh_config` in which all its hosts are known.
    pub fn ssh_config(&self) -> PathBuf {
        keys::config(&self.folder())
    }

    /// Which limits of units are enforced inside the hosts.
    pub fn limits(&self) -> Limits {
        self.limits
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if let Some((slot, watcher)) = self.owned.take() {
            watcher.take_down();
            // Held until here, so that nobody takes the number before all is gone.
            drop(slot);
        }
    }
}
