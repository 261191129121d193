//! What goes wrong with a host, on purpose. Each verb may be said twice and has its undo; both return when it is so.

use std::sync::PoisonError;
use std::time::Duration;

use super::network::Link;
use super::relay::SlowLink;
use super::tools::ip;
use super::{FleetError, Host, clock, network};

/// The link.
impl Host {
    /// Pulls the cable: nothing arrives and nothing leaves, and nobody is told. Undone by
    /// [`restore_link`](Self::restore_link).
    pub fn cut_link(&self) -> Result<(), FleetError> {
        self.link(|link| {
            link.is_cut = true;
            network::set_link(self.slot, self.number, false)
        })
    }

    /// Plugs the cable in.
    pub fn restore_link(&self) -> Result<(), FleetError> {
        self.link(|link| {
            link.is_cut = false;
            network::set_link(self.slot, self.number, true)
        })
    }

    /// Makes the link slow: each packet is late by `delay` in each direction, so a round trip takes twice that, and
    /// each direction carries no more than a rate. Said again, the new values count. It lasts as long as this process;
    /// undone by [`restore_speed`](Self::restore_speed).
    pub fn slow_link(&self, delay: Duration, bytes_per_second: Option<u64>) -> Result<(), FleetError> {
        self.restore_speed()?;
        self.link(|link| {
            link.slow = Some(SlowLink::start(self.slot, self.number, delay, bytes_per_second)?);
            Ok(())
        })
    }

    /// Gives the link its own speed back.
    pub fn restore_speed(&self) -> Result<(), FleetError> {
        self.link(|link| {
            let Some(slow) = link.slow.take() else { return Ok(()) };
            let (bridge, link) = (network::bridge(self.slot), network::link(self.slot, self.number));
            // A host that is off has no link.
            let moved =
                if self.pid1().is_ok() { ip(&format!("link set {link} master {bridge}")) } else { Ok(()) };
            slow.stop().and(moved)
        })
    }

    /// Does something with the link's state, for which only one thread may be there.
    pub(super) fn link<T>(&self, act: impl FnOnce(&mut Link) -> T) -> T {
        act(&mut self.link.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Power, processes, disk and clock.
impl Host {
    /// Power loss: every process is gone at once, no connection is closed, and what was written to the disk stays.
    /// [`boot`](Self::boot) switches the host on again.
    pub fn kill(&self) -> Result<(), FleetError> {
        if self.pid1().is_err() {
            return Ok(());
        }
        // First the cable, so that no kernel says goodbye for the processes; then the namespace with all sockets.
        network::set_link(self.slot, self.number, false)?;
        self.groups.kill()?;
        network::part(self.slot, self.number, &self.space())
    }

    /// Shuts the system down as its administrator would, and boots it again.
    pub fn reboot(&self) -> Result<(), FleetError> {
        self.must(&["systemctl", "poweroff", "--no-wall"])?;
        self.wait_for("its shutdown", || match self.groups.pids().len() {
            0 => Ok(()),
            left => Err(format!("{left} processes are left")),
        })?;
        self.boot()
    }

    /// Stops every process where it is; the kernel still answers for them. Undone by [`thaw`](Self::thaw).
    pub fn freeze(&self) -> Result<(), FleetError> {
        self.groups.freeze(true)
    }

    /// Lets the processes go on.
    pub fn thaw(&self) -> Result<(), FleetError> {
        self.groups.freeze(false)
    }

    /// Leaves no room on the disk. Undone by [`free_disk`](Self::free_disk).
    pub fn fill_disk(&self) -> Result<(), FleetError> {
        self.disk.fill(0)
    }

    /// Leaves so many bytes of room on the disk (whole pages are what counts). Undone by [`free_disk`](Self::free_disk).
    pub fn fill_disk_but_for(&self, bytes: u64) -> Result<(), FleetError> {
        self.disk.fill(bytes)
    }

    /// Gives the room back.
    pub fn free_disk(&self) -> Result<(), FleetError> {
        self.disk.free()
    }

    /// Lets the clock be wrong by some seconds, for dynamically linked programs that services and ssh sessions start
    /// from now on. Statically linked programs, sshd and process 1 see the real time: the kernel has one clock for all
    /// hosts, and only a library can lie about it. Undone by [`right_clock`](Self::right_clock).
    pub fn skew_clock(&self, seconds: i64) -> Result<(), FleetError> {
        clock::skew(self.root(), seconds)?;
        self.must(&["systemctl", "daemon-reload"]).map(drop)
    }

    /// Puts the clock right, for programs that run as well.
    pub fn right_clock(&self) -> Result<(), FleetError> {
        clock::right(self.root())?;
        self.must(&["systemctl", "daemon-reload"]).map(drop)
    }
}

/// Services.
impl Host {
    /// Stops sshd: connections are refused. Sessions that are open stay. Undone by [`accept_ssh`](Self::accept_ssh).
    pub fn refuse_ssh(&self) -> Result<(), FleetError> {
        self.must(&["systemctl", "stop", "ssh.socket", "ssh.service"])?;
        self.wait_for("sshd to be gone", || match self.ssh_banner() {
            Ok(_) => Err("it answers".to_owned()),
            Err(_) => Ok(()),
        })
    }

    /// Starts sshd.
    pub fn accept_ssh(&self) -> Result<(), FleetError> {
        self.must(&["systemctl", "start", "ssh.service"])?;
        self.wait_for_ssh()
    }

    /// Starts sshd anew; sessions that are open stay, as Debian has it.
    pub fn restart_sshd(&self) -> Result<(), FleetError> {
        self.must(&["systemctl", "restart", "ssh.service"])?;
        self.wait_for_ssh()
    }

    /// Takes the system bus away: its daemon is stopped and cannot be started, its socket is gone. Undone by
    /// [`mend_dbus`](Self::mend_dbus).
    pub fn break_dbus(&self) -> Result<(), FleetError> {
        self.must(&["systemctl", "mask", "--runtime", "--now", "dbus.socket", "dbus.service"])?;
        self.must(&["rm", "-f", BUS]).map(drop)
    }

    /// Gives the system bus back.
    pub fn mend_dbus(&self) -> Result<(), FleetError> {
        self.must(&["systemctl", "unmask", "--runtime", "dbus.socket", "dbus.service"])?;
        self.must(&["systemctl", "start", "dbus.socket", "dbus.service"])?;
        self.wait_for("systemd to be on the bus", || {
            self.must(&["busctl", "--system", "status", "org.freedesktop.systemd1"])
                .map(drop)
                .map_err(|e| e.to_string())
        })
    }
}

/// The system bus.
const BUS: &str = "/run/dbus/system_bus_socket";
