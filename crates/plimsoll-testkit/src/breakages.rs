//! Deliberate faults of the engine, its hosts and its command, one for each way of breaking an invariant: to show
//! that the schedules find them.

use plimsoll_agent::Parts;
use plimsoll_agent::store::{Held, Offer, Piece, ReleaseStore, StoreError};
use plimsoll_engine::RunEnd;
use plimsoll_model::agent::{Request, Response};
use plimsoll_model::metrics::{Increment, Reading};
use plimsoll_model::observation::{FleetObservation, InstanceState};
use plimsoll_model::plan::{Action, HostAction};
use plimsoll_model::record::{BackReason, Entry, Outcome};
use plimsoll_model::rollout::Step;
use plimsoll_model::{ExitCode, Fence, Manifest, ReleaseId, Share, Timestamp};
use plimsoll_plan::{Decision, RolloutState, Wait, decide};

use crate::invariants::Invariant;

/// What is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// Nothing.
    None,
    /// Weight goes to the new side before all the instances that it needs are ready.
    RoutesBeforeReady,
    /// Instances of the stable side are retired while they still have weight.
    RetiresStableEarly,
    /// While a hold or pause is open, verdicts are not looked at.
    HoldsThroughBadVerdict,
    /// An open hold is waited for without end.
    WaitsForEver,
    /// The clock of a pause starts anew when another coordinator takes over.
    RestartsPauseClock,
    /// A pause is skipped when another coordinator takes over.
    SkipsPauseOnTakeover,
    /// The coordinator uses the newest fence that it can find, instead of its own.
    ForgetsFence,
    /// A look without traffic is written down as one where everything was fine.
    NoTrafficIsGood,
    /// A look without data goes back as if it had been bad.
    NoDataIsBad,
    /// A release that was rolled back is tried again.
    RetriesRolledBack,
    /// Hosts run every release with the configuration of the newest one.
    ConfigurationStays,
    /// A weight step is over before the weight is in force.
    SkipsVerification,
    /// A route is claimed to be in force and was never sent.
    ClaimsRoute,
    /// A command that ended with a rollback exits with 0.
    ExitsZero,
    /// The switch stays armed after the rollout went back.
    NeverDisarms,
    /// The rollout is called rolled back while the new instances still run.
    LeavesNewRunning,
    /// All hosts are changed at once.
    ChangesAllAtOnce,
    /// A batch is committed as soon as it is up.
    CommitsEachBatch,
    /// As many hosts are set aside as do not answer.
    SetsAllAside,
    /// A release that serves but on hosts that were set aside is said to serve everywhere.
    CallsPartTheWhole,
}

impl Breakage {
    /// Every breakage with the invariants of which at least one must notice it.
    pub const ALL: [(Self, &'static [Invariant]); 20] = [
        (Self::RoutesBeforeReady, &[Invariant::I1]),
        (Self::RetiresStableEarly, &[Invariant::I2]),
        (Self::HoldsThroughBadVerdict, &[Invariant::I3]),
        (Self::WaitsForEver, &[Invariant::I4]),
        (Self::RestartsPauseClock, &[Invariant::I5]),
        (Self::SkipsPauseOnTakeover, &[Invariant::I5]),
        (Self::ForgetsFence, &[Invariant::I6]),
        (Self::NoTrafficIsGood, &[Invariant::I7]),
        (Self::NoDataIsBad, &[Invariant::I7]),
        (Self::RetriesRolledBack, &[Invariant::I8]),
        (Self::ConfigurationStays, &[Invariant::I9]),
        (Self::SkipsVerification, &[Invariant::I10]),
        (Self::ClaimsRoute, &[Invariant::I10]),
        (Self::ExitsZero, &[Invariant::I10]),
        (Self::NeverDisarms, &[Invariant::I10]),
        (Self::LeavesNewRunning, &[Invariant::I10]),
        (Self::ChangesAllAtOnce, &[Invariant::I11]),
        (Self::CommitsEachBatch, &[Invariant::I12]),
        (Self::SetsAllAside, &[Invariant::I13]),
        (Self::CallsPartTheWhole, &[Invariant::I10, Invariant::I13]),
    ];

    /// What a coordinator decides, with number `process`.
    pub(crate) fn decide(
        self,
        state: &RolloutState,
        fleet: &FleetObservation,
        now: Timestamp,
        process: u32,
    ) -> Decision {
        let decision = decide(state, fleet, now);
        match self {
            Self::RoutesBeforeReady => routes_early(state, fleet, decision),
            Self::RetiresStableEarly => retires_early(state, fleet, decision),
            Self::HoldsThroughBadVerdict if state.hold.is_some() || is_pausing(state) => match decision {
                Decision::Record(entry) if is_analysis_back(&entry) => wait(now),
                other => other,
            },
            Self::WaitsForEver => match decision {
                Decision::Record(entry) if is_unanswered(&entry) => {
                    Decision::Wait(Wait { waiting_for: "a person".to_owned(), until: now, person: false })
                }
                other => other,
            },
            Self::RestartsPauseClock | Self::SkipsPauseOnTakeover if process > 2 => {
                self.with_another_clock(state, fleet, now)
            }
            Self::NoDataIsBad => no_data_is_bad(state, decision),
            Self::SkipsVerification => skips_verification(state, decision),
            Self::NeverDisarms => decide(state, &disarmed(fleet), now),
            Self::LeavesNewRunning => match decision {
                Decision::Act(actions) if state.back.is_some() && is_retirement(&actions) => {
                    let summary = "it is as before".to_owned();
                    Decision::Record(Box::new(Entry::Finished { outcome: Outcome::RolledBack, summary }))
                }
                other => other,
            },
            Self::ChangesAllAtOnce | Self::SetsAllAside => self.with_another_plan(state, fleet, now),
            Self::CommitsEachBatch => commits_each_batch(state, decision),
            _ => decision,
        }
    }

    fn with_another_plan(self, state: &RolloutState, fleet: &FleetObservation, now: Timestamp) -> Decision {
        let mut state = state.clone();
        match self {
            Self::SetsAllAside => state.plan.may_lose = u32::MAX,
            _ => state.plan.max_parallel = u32::MAX,
        }
        decide(&state, fleet, now)
    }

    fn with_another_clock(self, state: &RolloutState, fleet: &FleetObservation, now: Timestamp) -> Decision {
        let mut state = state.clone();
        if let Some(step) = &mut state.step
            && is_pause(&state.plan.steps[step.index as usize].step)
        {
            match self {
                Self::SkipsPauseOnTakeover => step.waved_on = true,
                // The time of the take-over is the last progress.
                _ => step.entered = state.last_progress.max(step.entered),
            }
        }
        decide(&state, fleet, now)
    }

    /// What is sent to a host, or what is pretended to be its answer.
    pub(crate) fn call(
        self,
        request: Request,
        fence: Option<Fence>,
        newest: Fence,
    ) -> Result<(Request, Option<Fence>), Response> {
        match (self, request) {
            (Self::ForgetsFence, request) => Ok((request, fence.map(|own| own.max(newest)))),
            (Self::ClaimsRoute, Request::Route { weights }) if weights.len() == 2 => {
                Err(Response::Routed { version: 1, weights })
            }
            (_, request) => Ok((request, fence)),
        }
    }

    /// What is written to the journal.
    pub(crate) fn entry(self, entry: Entry) -> Entry {
        match (self, entry) {
            (Self::NoTrafficIsGood, Entry::Looked { analysis, reading: Reading::NoTraffic }) => {
                let fine = Increment { requests: 100, timed: 100, slower: vec![0; 12], errors: 0 };
                let bounds = vec![0.25; 12];
                let reading = Reading::Counts { canary: fine.clone(), stable: Some(fine), bounds };
                Entry::Looked { analysis, reading }
            }
            (Self::CallsPartTheWhole, Entry::Finished { outcome: Outcome::PromotedInPart, summary }) => {
                Entry::Finished { outcome: Outcome::Promoted, summary }
            }
            (_, entry) => entry,
        }
    }

    /// The agent's parts.
    pub(crate) fn parts(self, parts: Parts) -> Parts {
        match self {
            Self::ConfigurationStays => Parts { store: Box::new(OneConfiguration(parts.store)), ..parts },
            _ => parts,
        }
    }

    pub(crate) fn exit_code(self, end: &RunEnd) -> ExitCode {
        match self {
            Self::ExitsZero => ExitCode::Success,
            _ => end.exit_code(),
        }
    }

    pub(crate) fn forgets_rollbacks(self) -> bool {
        self == Self::RetriesRolledBack
    }
}

fn wait(now: Timestamp) -> Decision {
    let until = now + std::time::Duration::from_secs(1);
    Decision::Wait(Wait { waiting_for: "whatever is open".to_owned(), until, person: true })
}

fn is_pausing(state: &RolloutState) -> bool {
    state.step.is_some_and(|open| is_pause(&state.plan.steps[open.index as usize].step))
}

fn is_pause(step: &Step) -> bool {
    matches!(step, Step::Pause { duration: Some(_) })
}

fn is_analysis_back(entry: &Entry) -> bool {
    matches!(entry, Entry::GoingBack { reason: BackReason::Analysis { .. } })
}

fn is_unanswered(entry: &Entry) -> bool {
    matches!(entry, Entry::GoingBack { reason: BackReason::NobodyAnswered { .. } })
}

fn is_retirement(actions: &[HostAction]) -> bool {
    actions.iter().any(|a| matches!(a.action, Action::Retire { .. }))
}

/// As soon as one instance is ready, weight is raised as if all were.
fn routes_early(state: &RolloutState, fleet: &FleetObservation, decision: Decision) -> Decision {
    let waiting = matches!(&decision, Decision::Wait(wait) if wait.waiting_for.ends_with("to be proved"));
    let Some(host) = state.plan.hosts.first().filter(|_| waiting && state.back.is_none()) else {
        return decision;
    };
    let Some(seen) = fleet.host(&host.host) else { return decision };
    let ready =
        |id: &&plimsoll_model::InstanceId| seen.instance(id).is_some_and(|i| i.state == InstanceState::Ready);
    if !host.new.iter().any(|id| ready(&id)) {
        return decision;
    }
    let arm = plimsoll_model::agent::ArmWeight {
        release: state.plan.release.clone(),
        weight: Share::ALL,
        instances: host.new.iter().filter(|id| seen.instance(id).is_some()).cloned().collect(),
    };
    let routed = seen
        .traffic
        .as_ref()
        .is_some_and(|t| t.table.arms.iter().any(|a| a.weight == Share::ALL && a.release == arm.release));
    if routed {
        return decision;
    }
    Decision::Act(vec![HostAction { host: host.host.clone(), action: Action::Route { weights: vec![arm] } }])
}

/// As soon as the new side has weight, an instance of the old one is retired.
fn retires_early(state: &RolloutState, fleet: &FleetObservation, decision: Decision) -> Decision {
    let open = matches!(decision, Decision::Wait(_)) && state.took_traffic && state.back.is_none();
    let Some(host) = state.plan.hosts.first().filter(|h| open && h.old.len() > 1) else { return decision };
    let up = |id: &&plimsoll_model::InstanceId| {
        fleet.host(&host.host).and_then(|s| s.instance(id)).is_some_and(|i| i.state == InstanceState::Ready)
    };
    let up: Vec<_> = host.old.iter().filter(up).collect();
    if up.len() < 2 {
        return decision;
    }
    let action = Action::Retire { instances: vec![up[0].clone()] };
    Decision::Act(vec![HostAction { host: host.host.clone(), action }])
}

/// Before the second batch is started, the first one is committed.
fn commits_each_batch(state: &RolloutState, decision: Decision) -> Decision {
    let Decision::Act(actions) = &decision else { return decision };
    let first = state.plan.hosts.iter().take(state.plan.max_parallel as usize);
    let first: Vec<_> = first.filter(|h| state.routed.contains_key(&h.host)).collect();
    let second = !first.iter().any(|h| h.host == actions[0].host);
    let starts = matches!(actions[0].action, Action::Start { .. });
    if !state.promoting || !starts || !second || first.is_empty() || !state.committed.is_empty() {
        return decision;
    }
    let commit =
        |h: &&plimsoll_model::plan::HostPlan| HostAction { host: h.host.clone(), action: Action::Commit };
    Decision::Act(first.iter().map(commit).collect())
}

fn no_data_is_bad(state: &RolloutState, decision: Decision) -> Decision {
    let Decision::Wait(wait) = &decision else { return decision };
    if !wait.waiting_for.starts_with("data for analysis") {
        return decision;
    }
    let analysis = state.judges[0].spec().name.clone();
    let reason = BackReason::Analysis { analysis, summary: wait.waiting_for.clone(), shared: false };
    Decision::Record(Box::new(Entry::GoingBack { reason }))
}

/// A weight step that is open counts as done, whatever the hosts have in force.
fn skips_verification(state: &RolloutState, decision: Decision) -> Decision {
    let Some(open) = state.step.filter(|_| state.back.is_none()) else { return decision };
    let weight_step = matches!(state.plan.steps[open.index as usize].step, Step::SetWeight { .. });
    match decision {
        Decision::Act(actions) if weight_step && matches!(actions[0].action, Action::Route { .. }) => {
            let why = "it will be".to_owned();
            Decision::Record(Box::new(Entry::StepDone { step: open.index, why }))
        }
        other => other,
    }
}

fn disarmed(fleet: &FleetObservation) -> FleetObservation {
    let mut fleet = fleet.clone();
    let armed_or_off = |host: &mut plimsoll_model::observation::SeenHost| {
        // Nothing of it is seen where traffic has gone back already.
        if host.seen.instances.iter().any(|i| i.state == InstanceState::Stopped) {
            host.seen.switch = plimsoll_model::observation::SwitchState::Off;
        }
    };
    fleet.hosts.iter_mut().for_each(armed_or_off);
    fleet
}

/// A store that gives every release the configuration of the newest one.
struct OneConfiguration(Box<dyn ReleaseStore>);

impl ReleaseStore for OneConfiguration {
    fn sealed(&mut self) -> Result<Vec<ReleaseId>, StoreError> {
        self.0.sealed()
    }

    fn begin(&mut self, offer: &Offer<'_>) -> Result<Held, StoreError> {
        self.0.begin(offer)
    }

    fn append(&mut self, release: &ReleaseId, piece: &Piece<'_>) -> Result<Held, StoreError> {
        self.0.append(release, piece)
    }

    fn seal(&mut self, release: &ReleaseId) -> Result<(), StoreError> {
        self.0.seal(release)
    }

    fn manifest(&mut self, release: &ReleaseId) -> Result<Manifest, StoreError> {
        let mut manifest = self.0.manifest(release)?;
        if let Some(newest) = self.0.sealed()?.first() {
            manifest.environments = self.0.manifest(newest)?.environments;
        }
        Ok(manifest)
    }

    fn verify(&mut self, release: &ReleaseId, keys: &[String]) -> Result<std::path::PathBuf, StoreError> {
        self.0.verify(release, keys)
    }

    fn remove(&mut self, release: &ReleaseId) -> Result<(), StoreError> {
        self.0.remove(release)
    }

    fn point_current(&mut self, release: Option<&ReleaseId>) -> Result<(), StoreError> {
        self.0.point_current(release)
    }

    fn current(&mut self) -> Option<ReleaseId> {
        self.0.current()
    }

    fn free_space(&mut self) -> Option<u64> {
        self.0.free_space()
    }
}
