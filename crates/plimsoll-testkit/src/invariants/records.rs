//! What each record must agree with: the order of steps (I5), the evidence (I7), earlier rollbacks (I8), and the data
//! plane (I10).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use plimsoll_model::hook::HookName;
use plimsoll_model::metrics::Reading;
use plimsoll_model::plan::{Action, HostAction, Plan, PlanKind};
use plimsoll_model::record::{BackReason, Command, Entry, Outcome, Record};
use plimsoll_model::rollout::{Policy, Step};
use plimsoll_model::{ExitCode, ReleaseId, Share, Timestamp};

use super::{Evidence, Invariant, Rollout, Watch, truth};
use crate::sim::host::SimHost;

/// More records than any story needs: something is done again and again.
const MANY_RECORDS: u64 = 5000;

impl Watch {
    /// A record was written.
    pub(crate) fn on_record(&mut self, record: &Record, hosts: &[SimHost], now: Timestamp) {
        if record.sequence > MANY_RECORDS {
            return self.endless(&format!("record {} is written", record.sequence), now);
        }
        if let Entry::Planned { plan } = &record.entry {
            return self.planned(plan, hosts, now);
        }
        let Some(rollout) =
            self.rollout.as_mut().filter(|r| record.rollout.as_ref() == Some(&r.plan.rollout))
        else {
            return;
        };
        match &record.entry {
            // A person's word came between the decision and its record.
            Entry::StepEntered { .. } | Entry::StepDone { .. } if rollout.skipped => {}
            Entry::StepEntered { step } => {
                let fits = rollout.entered.is_none() && *step == rollout.done;
                (rollout.entered, rollout.waved_on) = (Some((*step, record.at)), false);
                if !fits {
                    self.broken(Invariant::I5, now, format!("step {step} is entered out of order"));
                }
            }
            Entry::StepDone { step, why } => self.step_done(*step, why, record.at, hosts, now),
            Entry::Looked { analysis, reading } => {
                rollout.evidence.entry(analysis.clone()).or_default().add(reading, record.at);
            }
            Entry::Commanded { command } => rollout.command(command),
            Entry::Promoting { .. } => {
                let complete = rollout.skipped || rollout.done as usize == rollout.plan.steps.len();
                rollout.entered = None;
                if !complete {
                    self.broken(Invariant::I5, now, "promotes with steps left that nobody skipped");
                }
            }
            Entry::SetAside { host, .. } => self.set_aside(host, now),
            Entry::Intended { actions } => self.intended(actions, hosts, now),
            Entry::GoingBack { reason } => self.going_back(reason, record.at, now),
            Entry::Performed { actions, .. } => self.performed(actions, hosts, now),
            Entry::HookEnded { run } if run.hook == HookName::Migrate => {
                rollout.migrated = run.passed.then_some(record.at);
                self.ran_once(hosts, now);
            }
            Entry::Finished { outcome, .. } => {
                self.finished(*outcome, hosts, now);
                self.ran_once(hosts, now);
            }
            _ => {}
        }
    }

    /// I5: whoever dies, a rollout migrates once, on one host.
    fn ran_once(&mut self, hosts: &[SimHost], now: Timestamp) {
        let Some(release) = self.rollout.as_ref().map(|r| r.plan.release.clone()) else { return };
        let wanted = self.migrations.get(&release).copied().unwrap_or_default();
        let ran = hosts.iter().flat_map(|host| host.memory.ran_once());
        let ran = ran.filter(|(instance, _)| instance.release == release).count();
        if ran > wanted {
            let what = format!("the hook migrate of {release} ran {ran} times in {wanted} rollouts");
            self.broken(Invariant::I5, now, what);
        }
    }

    /// I7: no look has seen more of a side than came to it since the rollout began.
    pub(crate) fn check_looks(&mut self, came: &BTreeMap<ReleaseId, u64>, now: Timestamp) {
        let Some(rollout) = &mut self.rollout else { return };
        let came_to = |release: &ReleaseId| came.get(release).copied().unwrap_or(0);
        let to_stable = rollout.plan.replaces.as_ref().map_or(0, came_to);
        let before = *rollout.stable_before.get_or_insert(to_stable);
        let (to_new, to_stable) = (came_to(&rollout.plan.release), to_stable - before);
        let too_many = rollout.evidence.iter().find_map(|(name, evidence)| {
            let sides =
                [("new release", evidence.counted, to_new), ("stable one", evidence.stable, to_stable)];
            let (side, counted, came) = sides.into_iter().find(|(_, counted, came)| counted > came)?;
            Some(format!("`{name}` counts {counted} requests to the {side}, and {came} came"))
        });
        if let Some(what) = too_many {
            self.broken(Invariant::I7, now, what);
        }
    }

    fn planned(&mut self, plan: &Plan, hosts: &[SimHost], now: Timestamp) {
        let again = self.rolled_back.contains(&plan.release);
        if again && plan.kind != PlanKind::Converge {
            let what = format!("{} was rolled back and is tried again", plan.release);
            self.broken(Invariant::I8, now, what);
        }
        if plan.migration().is_some() {
            *self.migrations.entry(plan.release.clone()).or_default() += 1;
        }
        self.rollout = Some(Rollout {
            places: plan.hosts.iter().enumerate().map(|(at, h)| (h.host.clone(), at)).collect(),
            currents: hosts.iter().map(|h| (h.name.clone(), h.memory.current())).collect(),
            plan: plan.clone(),
            aside: BTreeSet::new(),
            committed: BTreeSet::new(),
            entered: None,
            done: 0,
            waved_on: false,
            skipped: false,
            back: None,
            over: false,
            migrated: None,
            evidence: BTreeMap::new(),
            watching_since: None,
            stable_before: None,
        });
    }

    fn step_done(&mut self, step: u32, why: &str, at: Timestamp, hosts: &[SimHost], now: Timestamp) {
        let clocks_lie = self.clocks_lie;
        let rollout = self.rollout.as_mut().expect("the caller has one");
        let Some((_, entered)) = rollout.entered.take().filter(|(open, _)| *open == step) else {
            return self.broken(Invariant::I5, now, format!("step {step} ends and is not open"));
        };
        rollout.done = step + 1;
        if rollout.waved_on {
            return;
        }
        let planned = rollout.plan.steps[step as usize].clone();
        let lacking = rollout.lacks_data(entered, &planned.step);
        let names: Vec<_> =
            rollout.evidence.iter().filter(|(_, e)| e.seen == 0).map(|(n, _)| n.clone()).collect();
        match &planned.step {
            Step::SetWeight { .. } => {
                let shares: HashMap<_, _> = planned.shares.iter().map(|s| (&s.host, s.weight)).collect();
                let taking_part = |h: &&SimHost| !rollout.aside.contains(&h.name);
                let of_plan = |h: &&SimHost| rollout.host(&h.name).is_some_and(|h| h.differs.is_none());
                for host in hosts.iter().filter(taking_part).filter(of_plan) {
                    let found = crate::sim::universe::weight(host, &rollout.plan.release);
                    let weight = shares.get(&host.name).copied().unwrap_or_default();
                    let known = host.memory.table().is_some() && !truth::has_fired(host);
                    if known && found != weight {
                        let what =
                            format!("step {step} is over with {weight} and {} gives {found}", host.name);
                        return self.broken(Invariant::I10, now, what);
                    }
                }
            }
            Step::Pause { duration: Some(duration) } => {
                if !clocks_lie && at < entered + duration.duration() {
                    let what = format!("the pause of {duration} entered at {entered} is over at {at}");
                    self.broken(Invariant::I5, now, what);
                } else if let Some(analysis) = lacking {
                    let what = format!("a pause ends as if `{analysis}` had data: {why}");
                    self.broken(Invariant::I7, now, what);
                }
            }
            Step::Analysis { .. } if why.starts_with("every analysis shows") => {
                if let Some(analysis) = names.first() {
                    self.broken(Invariant::I7, now, format!("`{analysis}` is called good and saw nothing"));
                }
            }
            Step::Analysis { .. } => {}
            Step::Pause { duration: None } | Step::Approve { .. } => {
                self.broken(Invariant::I5, now, format!("step {step} ends and no person said so: {why}"));
            }
        }
    }

    fn going_back(&mut self, reason: &BackReason, at: Timestamp, now: Timestamp) {
        let rollout = self.rollout.as_mut().expect("the caller has one");
        rollout.entered = None;
        rollout.back = Some((reason.clone(), at));
        if !rollout.committed.is_empty() {
            self.broken(Invariant::I12, now, format!("goes back after a commit: {reason:?}"));
            return;
        }
        if let BackReason::Analysis { analysis, summary, .. } = reason {
            let bad = rollout.evidence.get(analysis).map_or(0, |e| e.bad);
            if bad == 0 {
                let what = format!("goes back because of `{analysis}`, which saw nothing bad: {summary}");
                self.broken(Invariant::I7, now, what);
            }
        }
    }

    /// I10: what is written as done is done.
    fn performed(&mut self, actions: &[HostAction], hosts: &[SimHost], now: Timestamp) {
        for HostAction { host, action } in actions {
            let Some(found) = hosts.iter().find(|h| h.name == *host) else { continue };
            let rollout = self.rollout.as_mut().expect("the caller has one");
            match action {
                Action::Route { weights } => {
                    if weights.iter().any(|w| w.release == rollout.plan.release && w.weight > Share::NONE) {
                        rollout.watching_since.get_or_insert(now);
                    }
                    if let Some(differs) = truth::differs(found, weights) {
                        let what = format!("`route` on {host} is written as done: {differs}");
                        self.broken(Invariant::I10, now, what);
                    }
                }
                Action::Commit => {
                    rollout.committed.insert(host.clone());
                    let release = rollout.plan.release.clone();
                    if found.memory.current().as_ref() != Some(&release) {
                        let what = format!("`commit` on {host} is written as done: current is another");
                        self.broken(Invariant::I10, now, what);
                    }
                }
                _ => {}
            }
        }
    }

    fn finished(&mut self, outcome: Outcome, hosts: &[SimHost], now: Timestamp) {
        let rollout = self.rollout.as_mut().expect("the caller has one");
        rollout.over = true;
        let rollout = &*rollout;
        self.last_outcome = Some(outcome);
        let plan = rollout.plan.clone();
        let blamed = !matches!(
            rollout.back,
            Some((
                BackReason::Superseded { .. }
                    | BackReason::NobodyAnswered { .. }
                    | BackReason::Policy { .. }
                    | BackReason::HostLost { .. }
                    | BackReason::SwitchFired { against_release: false, .. }
                    | BackReason::NoProgress { against_release: false, .. },
                _
            ))
        );
        if (outcome == Outcome::RolledBack && plan.kind != PlanKind::Converge)
            || (outcome == Outcome::Mixed && rollout.back.is_some() && blamed)
        {
            self.rolled_back.insert(plan.release.clone());
        }
        if outcome.is_promoted() {
            self.rolled_back.remove(&plan.release);
        }
        // What was lost after the decision is not the decision's fault.
        let lost = self.hosts.iter().map(|h| h.lost_ready).max().unwrap_or_default();
        let decided = lost <= self.last_decision;
        let mixed = outcome == Outcome::Mixed;
        let problem = hosts.iter().find_map(|host| match (outcome, rollout.host(&host.name)) {
            (Outcome::Promoted, planned) => truth::not_promoted(host, &plan, planned, decided),
            (Outcome::PromotedInPart, Some(planned)) if !rollout.aside.contains(&host.name) => {
                truth::not_promoted(host, &plan, Some(planned), decided)
            }
            (Outcome::PromotedInPart, _) | (_, None) => None,
            _ if mixed => None,
            (_, Some(planned)) => {
                let current = rollout.currents.get(&host.name).and_then(Option::as_ref);
                truth::not_back(host, &plan, planned, current)
            }
        });
        let aside = rollout.aside.len() + plan.set_aside.len();
        if (outcome == Outcome::Promoted && aside > 0) || (outcome == Outcome::PromotedInPart && aside == 0) {
            let what = format!("finished as {outcome:?} with {aside} hosts set aside");
            return self.broken(Invariant::I13, now, what);
        }
        if let Some(problem) = problem {
            self.broken(Invariant::I10, now, format!("finished as {outcome:?}: {problem}"));
        }
    }

    /// A command ended with this code.
    pub(crate) fn on_exit(&mut self, code: ExitCode, hosts: &[SimHost], now: Timestamp) {
        let Some(rollout) = &self.rollout else { return };
        let serves = |release: &ReleaseId| {
            hosts.iter().all(|h| {
                let weight = crate::sim::universe::weight(h, release);
                h.memory.current().as_ref() == Some(release)
                    && (weight == Share::ALL || h.memory.table().is_none())
            })
        };
        let promoted = serves(&rollout.plan.release);
        let honest = match code {
            ExitCode::Success => promoted,
            ExitCode::RolledBack | ExitCode::Refused => !promoted || rollout.plan.kind == PlanKind::Converge,
            _ => true,
        };
        if !honest {
            let what = format!("exits with {} ({}), and that is not so", code.number(), code.meaning());
            self.broken(Invariant::I10, now, what);
        }
    }
}

impl Rollout {
    fn command(&mut self, command: &Command) {
        match command {
            Command::Promote => self.waved_on = true,
            Command::PromoteFully => {
                self.skipped = true;
                self.entered = None;
            }
            _ => {}
        }
    }

    /// The analysis without data in the second half of a timed step that the policy does not let pass.
    fn lacks_data(&self, entered: Timestamp, step: &Step) -> Option<String> {
        let Step::Pause { duration: Some(duration) } = step else { return None };
        let from = entered + duration.duration() / 2 - Duration::from_millis(1);
        self.watching_since?;
        let lacks = |name: &str| {
            self.evidence.get(name).is_none_or(|e| e.last.is_none_or(|last| last < from) || e.unusable)
        };
        let strict = self.plan.rules.analyses.iter().filter(|a| a.on_no_data != Policy::Promote);
        strict.map(|a| &a.name).find(|name| lacks(name)).cloned()
    }
}

impl Evidence {
    fn add(&mut self, reading: &Reading, at: Timestamp) {
        self.unusable = false;
        match reading {
            Reading::Counts { canary, stable, .. } => {
                self.stable += stable.as_ref().map_or(0, |s| s.requests);
                self.seen += canary.requests;
                self.counted += canary.requests;
                self.bad += canary.errors + canary.slower.iter().max().copied().unwrap_or(0);
                if canary.requests > 0 {
                    self.last = Some(at);
                }
            }
            Reading::Value { .. } => {
                self.seen += 1;
                self.bad += 1;
                self.last = Some(at);
            }
            Reading::NoTraffic => {}
            Reading::Unusable { .. } => self.unusable = true,
        }
    }
}
