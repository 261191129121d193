//! Brings one release into one environment: lease, what an earlier command left, plan, rollout.

mod error;
mod left;
mod order;

pub use error::DeployError;
pub use order::make_plan;

use std::time::Instant;

use plimsoll_drivers::host::unexpected;
use plimsoll_model::agent::{Request, Response};
use plimsoll_model::event::News;
use plimsoll_model::evidence::{Evidence, Gate, GateDecision};
use plimsoll_model::observation::{FleetObservation, SeenHost};
use plimsoll_model::plan::{Plan, PlanKind};
use plimsoll_model::record::{Command, Entry, Outcome};
use plimsoll_model::release::{RunSpec, SecretReference};
use plimsoll_model::service::Environment;
use plimsoll_model::{EnvironmentName, Fence, HostName, ReleaseId, RolloutId, ServiceName, Span};
use plimsoll_plan::planner::NoPlan;
use plimsoll_plan::{RolloutState, Wait};

use crate::fleet;
use crate::history::History;
use crate::hooks::HookRunner;
use crate::journal::{Holder, JournalError, Lease, Query};
use crate::preflight::{self, Conclusion, Examination};
use crate::rollout::{Run, RunEnd, RunError, RunOptions};
use crate::world::{Secrets, World};

/// What is to be deployed.
#[derive(Debug, Clone)]
pub struct Order<'o> {
    /// The environment.
    pub environment: &'o Environment,
    /// The release.
    pub release: ReleaseId,
    /// Public keys that hosts accept.
    pub trusted_keys: &'o [String],
    /// Whether it is a way back to an earlier release.
    pub rollback: bool,
    /// Whether a way back goes through the steps.
    pub canary: bool,
}

/// How a deployment ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Deployed {
    /// Its rollout is over.
    Over {
        /// Which.
        rollout: RolloutId,
        /// How.
        outcome: Outcome,
        /// Whether an earlier command had begun it.
        taken_over: Option<String>,
    },
    /// It waits for a person.
    Held {
        /// Which.
        rollout: RolloutId,
        /// For what.
        wait: Wait,
    },
    /// The release served already.
    AlreadyServing,
}

/// Looks up the secrets that live in the operator's environment, before anything needs them.
pub(crate) fn check_secrets(
    environment: &EnvironmentName,
    run: &RunSpec,
    secrets: &dyn Secrets,
) -> Result<(), DeployError> {
    let missing = run.secrets.iter().filter_map(|(variable, reference)| match reference {
        SecretReference::Env(from) if secrets.variable(from).is_none() => {
            Some((variable.clone(), from.clone()))
        }
        _ => None,
    });
    match missing.collect::<Vec<_>>() {
        missing if missing.is_empty() => Ok(()),
        secrets => Err(DeployError::SecretsMissing { environment: environment.clone(), secrets }),
    }
}

/// Who acts and how.
pub struct Actor<'a> {
    /// The service.
    pub service: ServiceName,
    /// Who holds the lease.
    pub holder: Holder,
    /// Whether a holder certainly is gone.
    pub is_gone: &'a dyn Fn(&Holder) -> bool,
    /// How rollouts are run.
    pub options: RunOptions<'a>,
    /// The project's hooks; absent where none are to run.
    pub hooks: Option<HookRunner<'a>>,
}

/// A coordinator at work on one environment, with its lease.
pub struct Deployment<'d, 'w> {
    pub(crate) world: &'d mut World<'w>,
    pub(crate) actor: &'d Actor<'d>,
    pub(crate) environment: &'d Environment,
    pub(crate) lease: Lease,
    /// Whether a person goes back past releases that block it.
    past_block: bool,
}

impl<'d, 'w> Deployment<'d, 'w> {
    /// Takes the lease of the environment. Its fence is above all that the hosts have seen, so that a journal that
    /// was lost does not lock its owner out.
    pub fn begin(
        world: &'d mut World<'w>,
        actor: &'d Actor<'d>,
        environment: &'d Environment,
    ) -> Result<Self, DeployError> {
        let seen = fleet::observe(&mut world.hosts, world.parallel, &actor.service);
        // How many may be lost is the plan's affair; a rollout that was left is brought to its end with any host.
        if let (true, Some(lost)) = (seen.hosts.is_empty(), seen.unreachable.first()) {
            let (host, reason, more) = (lost.host.clone(), lost.reason.clone(), seen.unreachable.len() - 1);
            return Err(NoPlan::Unreachable { host, reason, more, allowed: 0 }.into());
        }
        if let Some(said) = maintenance(&seen) {
            world.tell(News::Warning { message: said });
        }
        let above = seen.hosts.iter().map(|h| h.seen.fence).max().unwrap_or(Fence(0));
        let now = world.clock.now();
        let acquired = world.journal.acquire(&environment.name, &actor.holder, now, above, actor.is_gone)?;
        let lease = acquired.lease;
        let taken = Entry::LeaseTaken {
            holder: actor.holder.to_string(),
            from: acquired.from.map(|h| h.to_string()),
        };
        world.record(&lease, None, taken)?;
        Ok(Self { world, actor, environment, lease, past_block: false })
    }

    /// Gives the lease back. A lease that is lost already is nobody's concern any more.
    pub fn end(self) {
        let _ = self.world.journal.give_back(&self.lease);
    }

    /// Goes back also past releases that block it.
    pub fn force_past_block(&mut self) {
        self.past_block = true;
    }

    fn refuse_past_block(&mut self, target: &ReleaseId) -> Result<(), DeployError> {
        let block = self.history()?.block(&self.environment.name, target);
        match block.filter(|_| !self.past_block) {
            Some((block, reason)) => Err(DeployError::PastBlock { target: target.clone(), block, reason }),
            None => Ok(()),
        }
    }

    /// What the whole journal knows.
    pub fn history(&mut self) -> Result<History, JournalError> {
        Ok(History::fold(&self.world.journal.read(&Query::default())?))
    }

    /// Brings a release in, whatever an earlier command left.
    pub fn deploy(&mut self, order: &Order) -> Result<Deployed, DeployError> {
        self.refuse_past_block(&order.release)?;
        if let Some(left) = self.unfinished()? {
            if left.plan.release == order.release {
                return self.take_over(left);
            }
            // A way back that was cut off is finished first: taking it back would bring in again what people fled.
            let is_way_back = left.plan.kind == PlanKind::Rollback && !order.rollback;
            if left.back.is_none() && !is_way_back {
                self.refuse_early(order)?;
                let by = order.release.clone();
                self.command(&left.plan.rollout, Command::Supersede { by })?;
            }
            let left = self.unfinished()?.unwrap_or(left);
            let over = self.take_over(left)?;
            if let Deployed::Over { outcome: Outcome::Mixed, .. } = over {
                return Ok(over);
            }
        }
        let plan = match self.plan(order) {
            Err(DeployError::NoPlan(NoPlan::AlreadyServing { .. })) => return Ok(Deployed::AlreadyServing),
            other => other?,
        };
        check_secrets(&plan.environment, &plan.run, self.world.secrets)?;
        self.roll_out(plan)
    }

    /// What would be refused anyway is refused while the rollout whose place it would take is as it is.
    fn refuse_early(&mut self, order: &Order) -> Result<(), DeployError> {
        match self.plan(order) {
            Ok(plan) => check_secrets(&plan.environment, &plan.run, self.world.secrets),
            // It serves beside what is under way, and is what is left when that is gone.
            Err(DeployError::NoPlan(NoPlan::AlreadyServing { .. })) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Brings in a release that was rolled back: a person allows it again.
    pub fn retry(&mut self, order: &Order) -> Result<Deployed, DeployError> {
        self.refuse_past_block(&order.release)?;
        let command = Command::Retry { release: order.release.clone() };
        self.world.append(&self.lease.environment, None, None, Entry::Commanded { command })?;
        self.deploy(order)
    }

    /// The gate "preflight": the hosts have what the release needs. What an earlier command left of the same release is
    /// finished without it: its hosts are half changed already.
    pub fn preflight(&mut self, order: &Order) -> Result<(), DeployError> {
        if self.unfinished()?.is_some_and(|left| left.plan.release == order.release) {
            return Ok(());
        }
        let started = Instant::now();
        let (environment, release) = (order.environment, &order.release);
        let manifest = order::manifest(self.world.releases, release)?;
        let artifact = self.world.releases.artifact_file(release);
        let needs = preflight::release_needs(release, &manifest, &environment.run, artifact.as_deref());
        let about = Examination { service: &self.actor.service, environment, release: Some(&needs) };
        let reports = preflight::examine(&mut self.world.hosts, self.world.clock, &about);
        preflight::refusing_agent(&reports)?;
        let Conclusion { decision, summary, help } = preflight::conclude(&reports);
        let evidence = Evidence {
            gate: Gate::Preflight,
            release: Some(release.clone()),
            artifact: Some(manifest.artifact.digest),
            question: format!("do the hosts of {} have what is needed?", environment.name),
            measured: preflight::measured(&reports, environment),
            decision,
            summary: summary.clone(),
            at: self.world.clock.now(),
            took: Span::from(started.elapsed()),
        };
        self.world.tell(News::GateFinished { evidence: Box::new(evidence.clone()) });
        self.world.record(&self.lease, None, Entry::Gate { evidence: Box::new(evidence) })?;
        if decision == GateDecision::Refused { Err(DeployError::Unfit { summary, help }) } else { Ok(()) }
    }

    /// Goes on with what an earlier command left, if it left something.
    pub fn resume(&mut self) -> Result<Option<Deployed>, DeployError> {
        self.unfinished()?.map(|left| self.take_over(left)).transpose()
    }

    /// Writes what a person asks for.
    pub fn command(&mut self, rollout: &RolloutId, command: Command) -> Result<(), DeployError> {
        let entry = Entry::Commanded { command };
        self.world.append(&self.lease.environment, Some(rollout), None, entry)?;
        Ok(())
    }

    /// The plan for an order, made from what the hosts see now. Changes nothing.
    pub fn plan(&mut self, order: &Order) -> Result<Plan, DeployError> {
        let history = self.history()?;
        let fleet = self.observe();
        make_plan(order, self.world.releases, &history, &fleet)
    }

    fn observe(&mut self) -> FleetObservation {
        let seen = fleet::observe(&mut self.world.hosts, self.world.parallel, &self.actor.service);
        FleetObservation { watched_since: self.world.clock.now(), ..seen }
    }

    fn roll_out(&mut self, plan: Plan) -> Result<Deployed, DeployError> {
        let rollout = plan.rollout.clone();
        self.announce(&plan, None)?;
        // Before the plan: from that on the rollout is there and will be taken over with what it owes.
        self.promise_hooks(&rollout)?;
        let entry = Entry::Planned { plan: Box::new(plan) };
        let record = self.world.record(&self.lease, Some(&rollout), entry)?;
        let state = RolloutState::begin(&record).ok_or(RunError::NoPlan)?;
        self.run(state, None)
    }

    /// Tells the reporters that a rollout begins or goes on.
    fn announce(&mut self, plan: &Plan, resumed: Option<String>) -> Result<(), JournalError> {
        let history = self.history()?;
        self.world.tell(News::RolloutStarted {
            rollout: plan.rollout.clone(),
            environment: plan.environment.clone(),
            kind: plan.kind,
            release: history.label(&plan.release),
            replaces: plan.replaces.as_ref().map(|r| history.label(r)),
            resumed,
        });
        Ok(())
    }

    fn run(&mut self, mut state: RolloutState, taken_over: Option<String>) -> Result<Deployed, DeployError> {
        let history = self.history()?;
        self.before(&mut state)?;
        let (plan, began) = (state.plan.clone(), state.began);
        let rollout = plan.rollout.clone();
        let options = self.actor.options.clone();
        let mut run = Run::new(self.world, &self.lease, state, history.labels(), options);
        let end = run.to_end()?;
        self.after(&plan, began, &end)?;
        Ok(match end {
            RunEnd::Over(outcome) => Deployed::Over { rollout, outcome, taken_over },
            RunEnd::Held(wait) => Deployed::Held { rollout, wait },
        })
    }

    /// Removes releases that no host needs any more, and answers what each host removed. A host that does not answer
    /// keeps what it has.
    pub fn prune(
        &mut self,
        keep: u32,
        pinned: &[ReleaseId],
    ) -> Vec<(HostName, Result<Vec<ReleaseId>, String>)> {
        let request = Request::Prune { keep, pinned: pinned.to_vec() };
        let (service, fence) = (&self.actor.service, Some(self.lease.fence));
        fleet::on_all(&mut self.world.hosts, self.world.parallel, |host| {
            match host.call(service, fence, request.clone(), &[]) {
                Ok(Response::Pruned { removed }) => Ok(removed),
                Ok(_) => Err(unexpected("prune").to_string()),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}

/// What is to be said where hosts answer clients with the maintenance page.
fn maintenance(seen: &FleetObservation) -> Option<String> {
    let on = |h: &&SeenHost| h.seen.traffic.as_ref().is_some_and(|t| t.table.maintenance.is_some());
    let hosts: Vec<&str> = seen.hosts.iter().filter(on).map(|h| h.host.as_str()).collect();
    (!hosts.is_empty()).then(|| {
        format!(
            "maintenance is on for {}: clients get the page, and analyses see no requests; \
             `plimsoll maintenance off` ends it",
            hosts.join(", ")
        )
    })
}
