//! Stops an environment: as a coordinator of its own, under the lease, and with a word in the journal.
//!
//! A rollout that is under way ends with it. Its record comes after the hosts were told: where this command dies between
//! the two, the next one finds the rollout unfinished and takes it back, which is safe, and not one that is called over
//! while its canary serves.

use std::time::Duration;

use plimsoll_model::agent::Request;
use plimsoll_model::observation::FleetObservation;
use plimsoll_model::record::{Entry, Outcome};
use plimsoll_model::{HostName, RolloutId};

use crate::deploy::{DeployError, Deployment};
use crate::fleet;
use crate::journal::RENEW_EVERY;

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
        let (service, fence) = (&self.actor.service, Some(self.lease.fence));
        let told = fleet::on_all(&mut self.world.hosts, self.world.parallel, |host| {
            host.call(service, fence, Request::Down, &[]).map(drop).map_err(|e| e.to_string())
        });
        let refused: Vec<_> = told.into_iter().filter_map(|(host, r)| Some((host, r.err()?))).collect();
        let ended = self.end_unfinished()?;
        let seen = self.await_end()?;
        let still_runs = refused.is_empty() && is_busy(&seen);
        let remarks = seen.hosts.into_iter().flat_map(|h| {
            let host = h.host;
            h.seen.remarks.into_iter().map(move |remark| (host.clone(), remark))
        });
        Ok(Stopped { ended, refused, still_runs, remarks: remarks.collect() })
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

    /// Waits until no instance and no proxy runs, and keeps the lease meanwhile.
    fn await_end(&mut self) -> Result<FleetObservation, DeployError> {
        let run = &self.environment.run;
        let times = run.drain_timeout.duration() + run.stop_timeout.duration();
        let mut renewed = self.world.clock.now();
        let deadline = renewed + times + PATIENCE;
        loop {
            let seen = fleet::observe(&mut self.world.hosts, self.world.parallel, &self.actor.service);
            let now = self.world.clock.now();
            if !is_busy(&seen) || now >= deadline {
                return Ok(seen);
            }
            if now.since(renewed) >= RENEW_EVERY {
                self.world.journal.renew(&self.lease, now)?;
                renewed = now;
            }
            self.world.clock.sleep(TICK);
        }
    }
}

fn is_busy(seen: &FleetObservation) -> bool {
    let live = |h: &plimsoll_model::observation::SeenHost| h.seen.instances.iter().any(|i| i.state.is_live());
    seen.hosts.iter().any(|h| h.seen.traffic.is_some() || live(h))
}
