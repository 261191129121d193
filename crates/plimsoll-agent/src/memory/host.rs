//! The world in memory and its knobs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_model::agent::LogLine;
use plimsoll_model::traffic::{RouteTable, TrafficReport};
use plimsoll_model::{InstanceId, Manifest, ReleaseId, Secret, ServiceName, Timestamp};

use super::behaviour::{Behaviour, Fault, Moment};
use super::runtime::{MemoryRuntime, Process};
use super::state::MemoryState;
use super::store::{MemoryStore, Stored};
use super::traffic::{MemoryTraffic, Proxy};
use crate::core::{About, Parts};
use crate::runtime::{Check, Exit, Holder, ProcessHandle};

/// A host in memory. Cloning it gives another handle to the same host.
#[derive(Clone)]
pub struct Host {
    pub(super) service: ServiceName,
    world: Arc<Mutex<World>>,
}

#[derive(Default)]
pub(super) struct World {
    /// The latest time that any part was told.
    pub(super) now: Timestamp,
    pub(super) processes: BTreeMap<ProcessHandle, Process>,
    pub(super) next_pid: u32,
    pub(super) strangers: BTreeMap<u16, Holder>,
    pub(super) behaviours: BTreeMap<ReleaseId, Behaviour>,
    pub(super) checks: BTreeMap<ProcessHandle, (Check, Timestamp)>,
    pub(super) secret_files: BTreeMap<String, Secret>,
    pub(super) log: Vec<LogLine>,
    pub(super) proxy: Option<Proxy>,
    pub(super) taken_addresses: BTreeSet<SocketAddr>,
    pub(super) saved_state: Option<String>,
    pub(super) saved_secrets: String,
    pub(super) trail: Vec<String>,
    pub(super) releases: Vec<(ReleaseId, Stored)>,
    pub(super) current: Option<ReleaseId>,
    pub(super) remarks: Vec<String>,
    faults: BTreeMap<Fault, u32>,
    effects: u64,
    dies_at: Option<(u64, Moment)>,
    dead: bool,
}

impl Host {
    /// An empty host.
    pub fn new(service: ServiceName) -> Self {
        let world = World { next_pid: 1000, ..World::default() };
        Self { service, world: Arc::new(Mutex::new(world)) }
    }

    /// The parts of a fresh agent. The one before must be gone.
    pub fn parts(&self) -> Parts {
        let mut world = self.world();
        world.dead = false;
        world.checks.clear();
        drop(world);
        Parts {
            service: self.service.clone(),
            about: About { version: env!("CARGO_PKG_VERSION").to_owned(), pid: 1 },
            state: Box::new(MemoryState(self.clone())),
            runtime: Box::new(MemoryRuntime(self.clone())),
            traffic: Box::new(MemoryTraffic(self.clone())),
            store: Box::new(MemoryStore(self.clone())),
        }
    }

    /// How often agents have changed something in the world so far: saved, started, signalled, sent a table, ...
    pub fn effects(&self) -> u64 {
        self.world().effects
    }

    /// Lets the agent die at its `number`th change of the world (see [`Host::effects`]). Everything that it calls
    /// then fails, until [`Host::parts`] makes a new one's parts.
    pub fn die_at(&self, number: u64, moment: Moment) {
        self.world().dies_at = Some((number, moment));
    }

    /// Whether the agent has died as ordered.
    pub fn is_dead(&self) -> bool {
        self.world().dead
    }

    /// Lets the next call of this kind fail, once for every order.
    pub fn fail_next(&self, fault: Fault) {
        *self.world().faults.entry(fault).or_default() += 1;
    }

    /// Takes back every fault that was ordered and has not come yet.
    pub fn calm_down(&self) {
        let mut world = self.world();
        world.faults.clear();
        world.dies_at = None;
    }

    /// Puts a sealed release here, as if it had been uploaded.
    pub fn add_release(&self, manifest: &Manifest) -> ReleaseId {
        let id = manifest.release_id();
        let stored = Stored { manifest: manifest.clone(), bytes: Vec::new(), packed: None, sealed: true };
        let mut world = self.world();
        world.releases.retain(|(known, _)| *known != id);
        world.releases.insert(0, (id.clone(), stored));
        id
    }

    /// Says how the program of a release behaves, from now on and for those that run already.
    pub fn behave(&self, release: &ReleaseId, behaviour: Behaviour) {
        self.world().behaviours.insert(release.clone(), behaviour);
    }

    /// Ends every running process of an instance.
    pub fn crash(&self, instance: &InstanceId, exit: &Exit) {
        let mut world = self.world();
        let now = world.now;
        let running = world.processes.iter_mut().filter(|(handle, _)| handle.instance == *instance);
        running.for_each(|(_, process)| process.end(now, exit.clone()));
    }

    /// Ends all processes and the proxy, unseen, as a restart of the host does.
    pub fn reboot(&self) {
        let mut world = self.world();
        let now = world.now;
        world.processes.values_mut().for_each(|process| process.end(now, Exit::Unknown));
        world.proxy = None;
    }

    /// The processes that run now, by instance; more than one of an instance would be a fault of the agent.
    pub fn running(&self) -> Vec<InstanceId> {
        let world = self.world();
        let running = world.processes.iter().filter(|(_, process)| process.exit_by(world.now).is_none());
        running.map(|(handle, _)| handle.instance.clone()).collect()
    }

    /// Lets a stranger listen on a port.
    pub fn occupy(&self, port: u16, holder: Holder) {
        self.world().strangers.insert(port, holder);
    }

    /// Puts a secret into a file of the host.
    pub fn put_secret_file(&self, path: &str, secret: Secret) {
        self.world().secret_files.insert(path.to_owned(), secret);
    }

    /// Kills the proxy. It forgets its counters, and keeps its table in its file.
    pub fn kill_proxy(&self) {
        self.world().proxy = None;
    }

    /// Changes what the proxy reports: counters and requests in flight.
    pub fn edit_report(&self, edit: impl FnOnce(&mut TrafficReport)) {
        if let Some(proxy) = &mut self.world().proxy {
            edit(&mut proxy.report);
        }
    }

    /// The table in force, if a proxy runs.
    pub fn table(&self) -> Option<RouteTable> {
        self.world().proxy.as_ref().map(|proxy| proxy.report.table.clone())
    }

    /// The release that `current` names.
    pub fn current(&self) -> Option<ReleaseId> {
        self.world().current.clone()
    }

    /// The saved state's text, as a file would hold it.
    pub fn saved_state(&self) -> Option<String> {
        self.world().saved_state.clone()
    }

    /// The saved secrets' text.
    pub fn saved_secrets(&self) -> String {
        self.world().saved_secrets.clone()
    }

    /// The commands of processes that ran once, in the order of their start.
    pub fn ran_once(&self) -> Vec<(InstanceId, Vec<String>)> {
        let world = self.world();
        let mut ran: Vec<_> = world
            .processes
            .iter()
            .filter_map(|(handle, p)| Some((handle.run, handle, p.command()?)))
            .collect();
        ran.sort_by_key(|(run, ..)| *run);
        ran.into_iter().map(|(_, handle, command)| (handle.instance.clone(), command)).collect()
    }

    /// Replaces the saved state's text, as a damaged disk would.
    pub fn damage_state(&self, text: &str) {
        self.world().saved_state = Some(text.to_owned());
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        // A test that panicked elsewhere must not hide its message behind a second panic.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the world on behalf of the agent, unless it dies here; `None` then.
    pub(super) fn effect<T>(&self, change: impl FnOnce(&mut World) -> T) -> Option<T> {
        let mut world = self.world();
        if world.dead {
            return None;
        }
        world.effects += 1;
        let dies = world.dies_at.filter(|(number, _)| *number == world.effects).map(|(_, moment)| moment);
        world.dead = dies.is_some();
        if dies == Some(Moment::Before) {
            return None;
        }
        let result = change(&mut world);
        if dies.is_some() { None } else { Some(result) }
    }
}

impl World {
    /// Whether a call of this kind shall fail now.
    pub(super) fn fails(&mut self, fault: Fault) -> bool {
        let left = self.faults.get_mut(&fault).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }

    pub(super) fn behaviour(&self, release: &ReleaseId) -> Behaviour {
        self.behaviours.get(release).cloned().unwrap_or_default()
    }
}
