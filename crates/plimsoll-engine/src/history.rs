//! What the journal knows beyond one rollout: releases and their numbers, what served where and when, what may not
//! be tried again.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::event::ReleaseLabel;
use plimsoll_model::evidence::{Evidence, Gate, GateDecision};
use plimsoll_model::observation::{FleetObservation, LostHost, SwitchState};
use plimsoll_model::plan::{Plan, PlanKind, PlannedStep};
use plimsoll_model::record::{Command, Entry, Operation, Outcome, Record};
use plimsoll_model::release::Tree;
use plimsoll_model::{EnvironmentName, Fence, HostName, ReleaseId, RolloutId, Timestamp};

/// The fold of a whole journal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Sealed releases, oldest first.
    pub releases: Vec<KnownRelease>,
    /// Rollouts, oldest first.
    pub rollouts: Vec<KnownRollout>,
    /// Releases that were rolled back, by environment, and that nobody allowed again (I8).
    refused: BTreeMap<(EnvironmentName, ReleaseId), Refusal>,
    /// Rollouts that went back for something that the release is to blame for.
    blamed: BTreeSet<RolloutId>,
    /// Public keys that signed each release.
    signers: BTreeMap<ReleaseId, BTreeSet<String>>,
    /// Releases that people keep for ever, and why.
    pub pins: BTreeMap<ReleaseId, String>,
    /// Tokens under which something may have been done, with those who had them, by environment.
    tokens: BTreeSet<(EnvironmentName, Fence, String)>,
}

/// Why a release is not to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It came back from its own rollout.
    CameBack,
    /// It served, and a person went back from it.
    Left,
}

/// A release as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRelease {
    /// Its number.
    pub number: u64,
    /// Its identifier.
    pub release: ReleaseId,
    /// Its commit.
    pub commit: Option<String>,
    /// The commit's first line.
    pub subject: Option<String>,
    /// Whether the tree was clean.
    pub tree: Tree,
    /// When it was sealed.
    pub sealed: Timestamp,
}

/// A rollout as the journal knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRollout {
    /// Its plan, without what each host got: there may be thousands of them.
    pub plan: Plan,
    /// When it began.
    pub began: Timestamp,
    /// How and when it ended.
    pub ended: Option<(Outcome, Timestamp)>,
    /// Hosts that it went on without.
    pub aside: Vec<Aside>,
}

/// A host that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// The host.
    pub host: HostName,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl KnownRollout {
    /// Whether its release serves from its end on.
    pub fn is_promoted(&self) -> bool {
        self.ended.is_some_and(|(outcome, _)| outcome.is_promoted())
    }
}

impl KnownRelease {
    /// The release with the names that people use.
    pub fn label(&self) -> ReleaseLabel {
        ReleaseLabel {
            number: Some(self.number),
            release: self.release.clone(),
            commit: self.commit.as_ref().map(|c| c.chars().take(7).collect()),
        }
    }
}

impl History {
    /// Folds records, oldest first.
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut history = Self::default();
        for record in records {
            history.apply(record);
        }
        history
    }

    fn apply(&mut self, record: &Record) {
        if let (Some(environment), Some(fence)) = (&record.environment, shown(record)) {
            self.tokens.insert((environment.clone(), fence, record.author.clone()));
        }
        match &record.entry {
            Entry::Operated { operation: Operation::Pin { release, why }, .. } => {
                self.pins.insert(release.clone(), why.clone());
            }
            Entry::Operated { operation: Operation::Unpin { release }, .. } => {
                self.pins.remove(release);
            }
            Entry::ReleaseSealed { number, release, commit, subject, tree, .. } => {
                self.releases.push(KnownRelease {
                    number: *number,
                    release: release.clone(),
                    commit: commit.clone(),
                    subject: subject.clone(),
                    tree: tree.clone(),
                    sealed: record.at,
                });
            }
            Entry::Gate { evidence } if evidence.gate == Gate::Sign => self.signed(evidence),
            Entry::Planned { plan } => self.planned(plan, record.at),
            Entry::SetAside { host, reason, since } => {
                let of = |r: &&mut KnownRollout| Some(&r.plan.rollout) == record.rollout.as_ref();
                if let Some(rollout) = self.rollouts.iter_mut().rev().find(of) {
                    let (host, reason) = (host.clone(), reason.clone());
                    rollout.aside.push(Aside { host, reason, since: since.unwrap_or(record.at) });
                }
            }
            Entry::GoingBack { reason } if reason.is_against_release() => {
                self.blamed.extend(record.rollout.clone());
            }
            Entry::Finished { outcome, .. } => self.finish(record, *outcome),
            Entry::Commanded { command: Command::Retry { release } } => {
                if let Some(environment) = &record.environment {
                    self.refused.remove(&(environment.clone(), release.clone()));
                }
            }
            _ => {}
        }
    }

    fn signed(&mut self, evidence: &Evidence) {
        let key = evidence.measured.get("key").and_then(serde_json::Value::as_str);
        if let (GateDecision::Passed, Some(release), Some(key)) = (evidence.decision, &evidence.release, key)
        {
            self.signers.entry(release.clone()).or_default().insert(key.to_owned());
        }
    }

    fn planned(&mut self, plan: &Plan, at: Timestamp) {
        let before = self.set_aside(&plan.environment);
        let aside = |lost: &LostHost| {
            let known = before.iter().find(|a| a.host == lost.host).map(|a| a.since);
            let since = known.or(lost.since).unwrap_or(at);
            Aside { host: lost.host.clone(), reason: lost.reason.clone(), since }
        };
        let aside = plan.set_aside.iter().map(aside).collect();
        let light = |step: &PlannedStep| PlannedStep { step: step.step.clone(), shares: Vec::new() };
        let plan = Plan {
            hosts: Vec::new(),
            set_aside: Vec::new(),
            steps: plan.steps.iter().map(light).collect(),
            ..plan.clone()
        };
        self.rollouts.push(KnownRollout { plan, began: at, ended: None, aside });
    }

    /// Hosts that the environment's last rollout went on without.
    pub fn set_aside(&self, environment: &EnvironmentName) -> &[Aside] {
        let last = self.rollouts.iter().rev().find(|r| r.plan.environment == *environment);
        last.map_or(&[], |r| &r.aside)
    }

    fn finish(&mut self, record: &Record, outcome: Outcome) {
        let of = |r: &&mut KnownRollout| Some(&r.plan.rollout) == record.rollout.as_ref();
        let Some(rollout) = self.rollouts.iter_mut().rev().find(of) else { return };
        rollout.ended = Some((outcome, record.at));
        let plan = rollout.plan.clone();
        let came_back = || Some((plan.release.clone(), Refusal::CameBack));
        let refuse = match outcome {
            Outcome::RolledBack if plan.kind != PlanKind::Converge => came_back(),
            // It could not be brought back completely; the reason to bring it back stands.
            Outcome::Mixed if self.blamed.contains(&plan.rollout) => came_back(),
            // What a person went back from is not shipped again by accident either.
            // Where it was stopped first, the plan replaces nothing, and what served before is known from here.
            promoted if promoted.is_promoted() && plan.kind == PlanKind::Rollback => {
                let left = plan.replaces.clone().or_else(|| self.serving_before(&plan));
                left.filter(|left| !self.is_older(left, &plan.release)).map(|left| (left, Refusal::Left))
            }
            _ => None,
        };
        if let Some((release, why)) = refuse {
            self.refused.insert((plan.environment.clone(), release), why);
        }
        if outcome.is_promoted() {
            let promoted = (plan.environment.clone(), plan.release.clone());
            self.refused.remove(&promoted);
        }
    }

    /// Whether a release was certainly made before another one: who returns to the newer one does not go back from it.
    fn is_older(&self, release: &ReleaseId, than: &ReleaseId) -> bool {
        let number = |release: &ReleaseId| self.find(release).map(|known| known.number);
        number(release).zip(number(than)).is_some_and(|(release, than)| release < than)
    }

    /// Releases that may not be tried again in the environment.
    pub fn refused(&self, environment: &EnvironmentName) -> Vec<ReleaseId> {
        let of = self.refused.keys().filter(|(e, _)| e == environment);
        of.map(|(_, release)| release.clone()).collect()
    }

    /// Those of them that came back from their own rollouts: nobody goes "back" to them either. What has served and was
    /// left by a person is not among them.
    pub fn came_back(&self, environment: &EnvironmentName) -> Vec<ReleaseId> {
        let of = self.refused.iter().filter(|((e, _), why)| e == environment && **why == Refusal::CameBack);
        of.map(|((_, release), _)| release.clone()).collect()
    }

    /// The release that has served and that a person left last.
    pub fn left_behind(&self, environment: &EnvironmentName) -> Option<ReleaseId> {
        let of = self.rollouts.iter().rev().filter(|r| r.plan.environment == *environment && r.is_promoted());
        of.map(|r| &r.plan.release)
            .find(|r| self.refused.get(&(environment.clone(), (*r).clone())) == Some(&Refusal::Left))
            .cloned()
    }

    /// The release that going to `target` would go back past although it must not be, and why: the newest one that was
    /// promoted in the environment since `target` was, or that is newer than a `target` that never was.
    pub fn block(&self, environment: &EnvironmentName, target: &ReleaseId) -> Option<(ReleaseId, String)> {
        let promoted: Vec<&Plan> = self
            .rollouts
            .iter()
            .filter(|r| r.plan.environment == *environment)
            .filter(|r| r.ended.is_some_and(|(outcome, _)| outcome.is_promoted()))
            .map(|r| &r.plan)
            .collect();
        let served = promoted.iter().rposition(|plan| plan.release == *target);
        let number = |release: &ReleaseId| self.find(release).map(|known| known.number);
        let is_past = |(at, plan): &(usize, &&Plan)| match served {
            Some(served) => *at > served,
            None => number(&plan.release) > number(target) && number(target).is_some(),
        };
        let past = promoted.iter().enumerate().rev().filter(is_past).map(|(_, plan)| plan);
        past.filter(|plan| plan.release != *target)
            .find_map(|plan| Some((plan.release.clone(), plan.run.rollback_block.clone()?)))
    }

    /// Public keys that are recorded to have signed the release.
    pub fn signers(&self, release: &ReleaseId) -> BTreeSet<String> {
        self.signers.get(release).cloned().unwrap_or_default()
    }

    /// Public keys of all releases that hosts have accepted and served: they are started and gone back to also after the
    /// project has got another key.
    pub fn accepted_signers(&self) -> BTreeSet<String> {
        let served = self.rollouts.iter().filter(|r| r.is_promoted());
        served.flat_map(|r| self.signers(&r.plan.release)).collect()
    }

    /// The tokens that were given out for the environment, and to whom: what a host was asked under another is not of
    /// this journal.
    pub fn tokens(&self, environment: &EnvironmentName) -> BTreeSet<(Fence, String)> {
        let of = self.tokens.iter().filter(|(e, ..)| e == environment);
        of.map(|(_, fence, who)| (*fence, who.clone())).collect()
    }

    /// Releases that must not be removed, anywhere: pinned, serving, to go back to, or on their way.
    pub fn needed<'e>(
        &self,
        environments: impl IntoIterator<Item = &'e EnvironmentName>,
    ) -> BTreeSet<ReleaseId> {
        let mut needed: BTreeSet<ReleaseId> = self.pins.keys().cloned().collect();
        for environment in environments {
            if let Some(current) = self.serving(environment) {
                needed.extend(self.last_known_good(environment, &current));
                needed.insert(current);
            }
            if let Some(left) = self.unfinished(environment) {
                needed.insert(left.plan.release.clone());
                needed.extend(left.plan.replaces.clone());
            }
        }
        needed
    }

    /// The rollout of the environment that is not over, if there is one.
    pub fn unfinished(&self, environment: &EnvironmentName) -> Option<&KnownRollout> {
        self.rollouts.iter().rev().find(|r| r.plan.environment == *environment).filter(|r| r.ended.is_none())
    }

    /// The identifier of the environment's next rollout.
    pub fn next_rollout(&self, environment: &EnvironmentName, fleet: &FleetObservation) -> RolloutId {
        let ours = self.rollouts.iter().map(|r| &r.plan.rollout);
        let theirs = fleet.hosts.iter().flat_map(|host| {
            let armed = match &host.seen.switch {
                SwitchState::Armed { orders, .. } | SwitchState::Fired { orders, .. } => {
                    Some(&orders.rollout)
                }
                SwitchState::Off => None,
            };
            host.seen.committed.iter().chain(armed)
        });
        let last = ours.chain(theirs).filter_map(|rollout| rollout.number_in(environment)).max();
        RolloutId::new(environment, last.unwrap_or(0) + 1)
    }

    /// The number of a release, or the one that it would get.
    pub fn number_of(&self, release: &ReleaseId) -> Result<u64, u64> {
        match self.find(release) {
            Some(known) => Ok(known.number),
            None => Err(self.releases.iter().map(|r| r.number).max().unwrap_or(0) + 1),
        }
    }

    /// The release, if it was sealed here.
    pub fn find(&self, release: &ReleaseId) -> Option<&KnownRelease> {
        self.releases.iter().find(|r| r.release == *release)
    }

    /// The release that a person names: `r42`, `42`, an identifier or the beginning of one.
    pub fn named(&self, name: &str) -> Option<&KnownRelease> {
        let number = name.strip_prefix('r').unwrap_or(name).parse::<u64>().ok();
        let by_number = self.releases.iter().find(|r| Some(r.number) == number);
        by_number.or_else(|| {
            let mut of =
                self.releases.iter().filter(|r| name.len() >= 4 && r.release.as_str().starts_with(name));
            of.next().filter(|_| of.next().is_none())
        })
    }

    /// The release with the names that people use.
    pub fn label(&self, release: &ReleaseId) -> ReleaseLabel {
        let bare = ReleaseLabel { number: None, release: release.clone(), commit: None };
        self.find(release).map_or(bare, KnownRelease::label)
    }

    /// All releases with their names.
    pub fn labels(&self) -> Vec<ReleaseLabel> {
        self.releases.iter().map(KnownRelease::label).collect()
    }

    /// The release that serves an environment, as far as the journal knows.
    pub fn serving(&self, environment: &EnvironmentName) -> Option<ReleaseId> {
        let mut rollouts = self.rollouts.iter().rev().filter(|r| r.plan.environment == *environment);
        let last = rollouts.find(|r| r.is_promoted());
        last.map(|r| r.plan.release.clone())
    }

    /// The release that serves an environment now: what its hosts say, and where they differ, what the journal says if
    /// any of them has it.
    pub fn current(&self, environment: &EnvironmentName, fleet: &FleetObservation) -> Option<ReleaseId> {
        let mut currents = fleet.hosts.iter().filter_map(|h| h.seen.current.as_ref());
        let known = self.serving(environment).filter(|release| currents.clone().any(|c| c == release));
        known.or_else(|| currents.next().cloned())
    }

    /// The release that served when this plan, the newest of its environment, was made.
    fn serving_before(&self, plan: &Plan) -> Option<ReleaseId> {
        let before = self.rollouts.iter().rev().filter(|r| r.plan.environment == plan.environment).skip(1);
        let last = before.into_iter().find(|r| r.is_promoted()).map(|r| r.plan.release.clone());
        last.filter(|release| *release != plan.release)
    }

    /// The release that bare `rollback` returns to: the newest that was promoted in the environment before
    /// `current`, that is not `current` and was not rolled back since.
    pub fn last_known_good(&self, environment: &EnvironmentName, current: &ReleaseId) -> Option<ReleaseId> {
        let of = |r: &&KnownRollout| r.plan.environment == *environment && r.is_promoted();
        let promoted = self.rollouts.iter().rev().filter(of);
        let refused = self.refused(environment);
        let mut releases = promoted.map(|r| r.plan.release.clone());
        releases.find(|r| r != current && !refused.contains(r))
    }
}

/// The token that hosts may have been shown under a record.
fn shown(record: &Record) -> Option<Fence> {
    match &record.entry {
        Entry::Operated { shown, .. } => *shown,
        _ => record.fence,
    }
}

#[cfg(test)]
mod tests;
