//! I3, I4 and I5 at the moment of a decision.

use std::time::Duration;

use plimsoll_model::observation::FleetObservation;
use plimsoll_model::record::{BackReason, Entry};
use plimsoll_model::rollout::{Policy, Step};
use plimsoll_model::verdict::Verdict;
use plimsoll_model::{Share, Timestamp};
use plimsoll_plan::{Decision, RolloutState, Wait};

use super::{Invariant, Watch};

/// Time on the way back, with all hosts well and a coordinator at work, after which the new side must be without
/// weight: an instance's time to become healthy, twice, and some.
const BACK_BY: Duration = Duration::from_secs(45);

impl Watch {
    /// The engine decided, at `now` by its own clock and at `truly` by the true one.
    pub(crate) fn on_decision(
        &mut self,
        state: &RolloutState,
        fleet: &FleetObservation,
        now: Timestamp,
        truly: Timestamp,
        decision: &Decision,
    ) {
        self.last_decision = truly;
        if let Decision::Wait(wait) = decision {
            self.check_wait(state, wait, now, truly);
        }
        self.check_reaction(state, fleet, decision, truly);
        self.check_way_back(state, fleet, truly);
    }

    /// I4: the wait ends by itself, within what was declared. I5: a pause ends when its own clock says.
    fn check_wait(&mut self, state: &RolloutState, wait: &Wait, now: Timestamp, truly: Timestamp) {
        if wait.until <= now {
            let what = format!("waits for {} until {}, which has passed", wait.waiting_for, wait.until);
            return self.broken(Invariant::I4, truly, what);
        }
        if !self.clocks_lie && now.until(wait.until) > longest_wait(state) {
            let what =
                format!("waits for {} until {}: longer than anything declared", wait.waiting_for, wait.until);
            return self.broken(Invariant::I4, truly, what);
        }
        let Some(rollout) = &self.rollout else { return };
        let Some((index, entered)) = rollout.entered else { return };
        let Some(Step::Pause { duration: Some(duration) }) =
            state.plan.steps.get(index as usize).map(|s| &s.step)
        else {
            return;
        };
        let end = entered + duration.duration();
        if wait.waiting_for.starts_with("the pause of") && wait.until != end {
            let what =
                format!("the pause entered at {entered} ends at {end}, and {} is waited for", wait.until);
            self.broken(Invariant::I5, truly, what);
        }
    }

    /// I3: a bad verdict, or a person's word, is the reason of the very next decision.
    fn check_reaction(
        &mut self,
        state: &RolloutState,
        fleet: &FleetObservation,
        decision: &Decision,
        truly: Timestamp,
    ) {
        // Neither way is right before it is known whether a host has committed.
        let unknown = state.commit_intended.iter().any(|h| fleet.host(h).is_none());
        let open = state.back.is_none() && state.finished.is_none() && state.committed.is_empty();
        if !open || unknown {
            return;
        }
        let tolerated = state.plan.rules.on_shared_degradation != Policy::RollBack;
        let bad = state.judges.iter().find(|j| match j.verdict() {
            Verdict::SharedDegradation => !tolerated,
            verdict => verdict.is_bad(),
        });
        // A commit that was not written down yet comes first.
        let is_reaction = |e: &Entry| matches!(e, Entry::GoingBack { .. } | Entry::Performed { .. });
        let reacts = matches!(decision, Decision::Record(entry) if is_reaction(entry));
        if let Some(judge) = bad.filter(|_| !reacts) {
            let what = format!("`{}` is bad and the answer is {decision:?}", judge.spec().name);
            self.broken(Invariant::I3, truly, what);
        } else if state.abort.is_some() && !reacts {
            self.broken(Invariant::I3, truly, format!("a person wants back and the answer is {decision:?}"));
        }
    }

    /// I3: with all hosts well and a coordinator at work, weight 0 is reached soon.
    fn check_way_back(&mut self, state: &RolloutState, fleet: &FleetObservation, truly: Timestamp) {
        let Some(back) = &state.back else {
            self.deciding = None;
            return;
        };
        let well = fleet.unreachable.is_empty();
        let weight = |host: &plimsoll_model::observation::SeenHost| {
            let arms = host.seen.traffic.iter().flat_map(|t| &t.table.arms);
            arms.filter(|a| a.release == state.plan.release).map(|a| a.weight).max().unwrap_or(Share::NONE)
        };
        let has_weight = fleet.hosts.iter().any(|h| weight(h) > Share::NONE);
        let bad = !matches!(back.reason, BackReason::NoProgress { .. });
        if !well || !has_weight || state.is_initial() || !self.stable_can_run() {
            self.deciding = None;
            return;
        }
        let troubled = self.hosts.iter().map(|h| h.lost_ready).max().unwrap_or_default();
        let (_, since) = *self.deciding.get_or_insert((state.sequence, truly));
        if bad && !self.clocks_lie && truly.since(since.max(troubled)) > BACK_BY {
            let what = format!("on the way back since {}, and the new side still has weight", back.since);
            self.broken(Invariant::I3, truly, what);
        }
    }
}

/// The longest that anything may be waited for: a step and what may follow it, or a person.
fn longest_wait(state: &RolloutState) -> Duration {
    let rules = &state.plan.rules;
    let steps = state.plan.steps.iter().map(|s| match &s.step {
        Step::Pause { duration: Some(duration) } | Step::Analysis { duration, .. } => duration.duration(),
        _ => Duration::ZERO,
    });
    let no_data = rules.analyses.iter().map(|a| a.no_data_deadline.duration()).max().unwrap_or_default();
    // The hook's own time, and what its host has for ending it and for saying so.
    let migration = state.plan.migration().map(|hook| hook.timeout.duration() + Duration::from_secs(15));
    let migration = migration.unwrap_or_default();
    let longest = steps.max().unwrap_or_default().max(rules.person_deadline.duration()).max(migration);
    longest + no_data.max(rules.progress_deadline.duration())
}
