//! Stops an environment: as a coordinator of its own, under the lease, and with a word in the journal.
//!
//! A rollout that is under way ends with it. Its record comes after the hosts were told: where this command dies between
//! the two, the next one finds the rollout unfinished and takes it back, which is safe, and not one that is called over
//! while its canary serves.

use std::convert::Infallible;
use std::time::Duration;

use plimsoll_drivers::{Clock, Host};
use plimsoll_model::agent::Request;
use plimsoll_model::observation::{FleetObservation, SeenHost};
use plimsoll_model::record::{Entry, Operation, Outcome, Record};
use plimsoll_model::service::Environment;
use plimsoll_model::{Fence, HostName, RolloutId, ServiceName, Timestamp};

use crate::deploy::{DeployError, Deployment};
use crate::fleet;
use crate::journal::{JournalError, Query, RENEW_EVERY};
use crate::world::World;

/// How long beyond its own drain and stop times a service may take to end.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often the hosts are looked at meanwhile.
const TICK: Duration = Duration::from_millis(50);

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// The rollout that was under way and is over now.
    pub ended: Option<RolloutId>,
    /// Hosts that did not do it, and why.
    pub refused: Vec<(HostName, String)>,
    /// Whether something still ran when it was not waited for any longer.
    pub still_runs: bool,
    /// What hosts say that people have to know.
    pub remarks: Vec<(HostName, String)>,
}

impl Deployment<'_, '_> {
    /// Stops the service on every host that this command reaches: traffic first, then the instances, which finish their
    /// requests. Releases and history stay.
    pub fn stop(&mut self) -> Result<Stopped, DeployError> {
        let (service, world) = (&self.actor.service, &mut *self.world);
        let refused = tell_all(&mut world.hosts, world.parallel, service, self.lease.fence);
        let hosts = self.world.hosts.iter().map(|host| host.name().clone()).collect();
        // Afterwards: a journal that cannot be written is no reason to let the service run on.
        let entry = Entry::Operated { operation: Operation::Down { hosts }, shown: None };
        self.world.record(&self.lease, None, entry)?;
        let ended = self.end_unfinished()?;
        let World { hosts, parallel, clock, journal, .. } = &mut *self.world;
        let mut renewed = clock.now();
        let seen = await_end(hosts, *parallel, &self.actor.service, self.environment, *clock, &mut |now| {
            // A stop takes longer than a lease lasts where requests are slow.
            if now.since(renewed) >= RENEW_EVERY {
                journal.renew(&self.lease, now)?;
                renewed = now;
            }
            Ok::<_, JournalError>(())
        })?;
        Ok(Stopped::new(ended, refused, seen))
    }

    /// Who has stopped the environment since this record of the journal; `None` where nobody has.
    pub(crate) fn stopped_since(&mut self, record: u64) -> Result<Option<String>, JournalError> {
        let environment = Some(self.environment.name.clone());
        let records = self.world.journal.read(&Query { after: record, environment, ..Query::default() })?;
        let is_down =
            |r: &&Record| matches!(&r.entry, Entry::Operated { operation: Operation::Down { .. }, .. });
        Ok(records.iter().rfind(is_down).map(|record| record.author.clone()))
    }

    fn end_unfinished(&mut self) -> Result<Option<RolloutId>, DeployError> {
        let history = self.history()?;
        let Some(left) = history.unfinished(&self.environment.name) else { return Ok(None) };
        let rollout = left.plan.rollout.clone();
        let summary = format!("{} stopped the environment", self.world.author);
        let entry = Entry::Finished { outcome: Outcome::Stopped, summary };
        self.world.record(&self.lease, Some(&rollout), entry)?;
        Ok(Some(rollout))
    }
}

/// Stops an environment whose journal cannot be used: what runs must not run on for that.
pub fn without_journal(
    hosts: &mut [Box<dyn Host>],
    service: &ServiceName,
    environment: &Environment,
    clock: &dyn Clock,
) -> Stopped {
    let parallel = environment.target.parallel();
    let seen = fleet::observe(hosts, parallel, service);
    let fence = Fence(seen.hosts.iter().map(|h| h.seen.fence.0).max().unwrap_or(0) + 1);
    let refused = tell_all(hosts, parallel, service, fence);
    let Ok(seen) = await_end(hosts, parallel, service, environment, clock, &mut |_| Ok::<_, Infallible>(()));
    Stopped::new(None, refused, seen)
}

impl Stopped {
    fn new(ended: Option<RolloutId>, refused: Vec<(HostName, String)>, seen: FleetObservation) -> Self {
        let still_runs = refused.is_empty() && is_busy(&seen);
        let of_host = |h: SeenHost| h.seen.remarks.into_iter().map(move |remark| (h.host.clone(), remark));
        let remarks = seen.hosts.into_iter().flat_map(of_host).collect();
        Self { ended, refused, still_runs, remarks }
    }
}

/// Tells every host to stop; those that did not, and why.
fn tell_all(
    hosts: &mut [Box<dyn Host>],
    parallel: usize,
    service: &ServiceName,
    fence: Fence,
) -> Vec<(HostName, String)> {
    let told = fleet::on_all(hosts, parallel, |host| {
        host.call(service, Some(fence), Request::Down, &[]).map(drop).map_err(|e| e.to_string())
    });
    told.into_iter().filter_map(|(host, result)| Some((host, result.err()?))).collect()
}

/// Waits until no instance and no proxy runs.
fn await_end<E>(
    hosts: &mut [Box<dyn Host>],
    parallel: usize,
    service: &ServiceName,
    environment: &Environment,
    clock: &dyn Clock,
    meanwhile: &mut dyn FnMut(Timestamp) -> Result<(), E>,
) -> Result<FleetObservation, E> {
    let run = &environment.run;
    let deadline = clock.now() + run.drain_timeout.duration() + run.stop_timeout.duration() + PATIENCE;
    loop {
        let seen = fleet::observe(hosts, parallel, service);
        let now = clock.now();
        if !is_busy(&seen) || now >= deadline {
            return Ok(seen);
        }
        meanwhile(now)?;
        clock.sleep(TICK);
    }
}

fn is_busy(seen: &FleetObservation) -> bool {
    let live = |h: &SeenHost| h.seen.instances.iter().any(|i| i.state.is_live());
    seen.hosts.iter().any(|h| h.seen.traffic.is_some() || live(h))
}
