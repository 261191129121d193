//! What the host is: [`gather`] reads it from `/proc`, `/sys`, `/etc` and the kernel, and calls no program but those
//! whose version a person asked for.
//!
//! Every file is read through a [`View`], which bounds what is read and can stand on another root for tests; what
//! cannot be found out is said to be unknown, with the reason. Nothing here changes anything, and nothing is judged:
//! that is `plimsoll_plan::preflight`'s.

mod cgroups;
mod clock;
mod confinement;
mod disk;
mod firewall;
mod listen;
mod memory;
mod nftables;
mod probes;
mod processor;
mod system;
#[cfg(test)]
mod tests;
mod view;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_model::ServiceName;
use plimsoll_model::facts::{FactsOrder, HostFacts};

use crate::layout::Layout;
use crate::process::wall_clock;

use view::View;

/// How the host is reached from outside of this crate: names and HTTP. The agent has neither a resolver nor TLS of its
/// own, and the shipped binary may not ask the C library.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// The addresses of a host name, within a time.
    pub lookup: fn(&str, Duration) -> Result<Vec<IpAddr>, String>,
    /// The status of an answer to a GET request, within a time.
    pub status: fn(&str, Duration) -> Result<u16, String>,
}

impl Reach {
    /// Addresses only: no names, no HTTP.
    pub fn addresses_only() -> Self {
        Self {
            lookup: |host, _| match host.trim_matches(['[', ']']).parse() {
                Ok(address) => Ok(vec![address]),
                Err(_) => Err("names are not looked up here".to_owned()),
            },
            status: |_, _| Err("HTTP is not asked here".to_owned()),
        }
    }
}

/// Where facts are gathered.
#[derive(Debug, Clone)]
pub struct Place {
    /// Folder of releases and state, for all services.
    pub root: PathBuf,
    /// The service.
    pub service: ServiceName,
    /// Names and HTTP.
    pub reach: Reach,
}

/// Everything about this host that can be found out. Takes as long as the slowest probe, which is bounded.
pub fn gather(place: &Place, order: &FactsOrder) -> HostFacts {
    gather_in(&View::of_this_host(), place, order)
}

fn gather_in(view: &View, place: &Place, order: &FactsOrder) -> HostFacts {
    let layout = Layout::new(&place.root, &place.service);
    let began = wall_clock();
    let root = disk::root_folder(view, &place.root, &layout, order.release.as_ref());
    let listen = order.listen.map(|address| listen::facts(view, address, &layout));
    let mut facts = HostFacts {
        began,
        ended: began,
        platform: system::platform(),
        kernel: system::kernel(view),
        distribution: system::distribution(view),
        glibc: system::glibc(view),
        musl: system::musl(view),
        processor: processor::facts(view),
        memory: memory::facts(view),
        root,
        clock: clock::facts(view),
        uptime: system::uptime(view),
        zones: system::zones(view),
        authorities: system::authorities(view),
        listen,
        instance_ports: listen::instance_ports(view),
        firewall: firewall::facts(view, order.listen),
        confinement: confinement::facts(view),
        user: confinement::user(view),
        systemd: system::systemd(view),
        cgroups: cgroups::facts(),
        open_files: confinement::open_files(),
        program: order.program.as_ref().map(|needs| plimsoll_artifact::elf::unmet(needs, view.root())),
        probes: probes::run(&order.probes, place.reach),
    };
    facts.ended = wall_clock();
    facts
}
