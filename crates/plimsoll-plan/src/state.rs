//! The state of a rollout: the fold of its records, and nothing else.
//!
//! A coordinator that takes a rollout over folds the same records and is where the one before it was, clocks of
//! pauses and evidence included.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::agent::ArmWeight;
use plimsoll_model::hook::{HookName, HookRun};
use plimsoll_model::plan::{Action, HostAction, Plan, PlanKind};
use plimsoll_model::record::{Assigned, BackReason, Command, Entry, HoldReason, Outcome, Record};
use plimsoll_model::{HostName, InstanceId, Timestamp};

use crate::judge::Judge;

/// Where a rollout stands.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that one record states")]
#[derive(Debug, Clone, PartialEq)]
pub struct RolloutState {
    /// What is carried out.
    pub plan: Plan,
    /// When it began.
    pub began: Timestamp,
    /// The step that is open, if one is.
    pub step: Option<OpenStep>,
    /// Steps that are over.
    pub steps_done: u32,
    /// The analyses.
    pub judges: Vec<Judge>,
    /// The hold that waits for a person.
    pub hold: Option<Hold>,
    /// A person asked to go back, and the reason to give.
    pub abort: Option<BackReason>,
    /// A person paused it.
    pub paused: bool,
    /// No step is left.
    pub promoting: bool,
    /// Hosts on which the release is the current one.
    pub committed: BTreeSet<HostName>,
    /// Hosts that the rollout goes on without, and why.
    pub aside: BTreeMap<HostName, String>,
    /// Hosts that were asked to change anything that serves, whatever came of it.
    pub touched: BTreeSet<HostName>,
    /// Hosts that were asked to commit, whatever came of it.
    pub commit_intended: BTreeSet<HostName>,
    /// Going back, and why.
    pub back: Option<Back>,
    /// Over.
    pub finished: Option<Outcome>,
    /// The last time that something was done or a step moved.
    pub last_progress: Timestamp,
    /// Hosts that know what the service is.
    pub prepared: BTreeSet<HostName>,
    /// Hosts that have the release.
    pub published: BTreeSet<HostName>,
    /// The hook `migrate`, once a host was asked to run it.
    pub migration: Option<Migration>,
    /// Instances that this rollout has started.
    pub started: BTreeSet<(HostName, InstanceId)>,
    /// Failures in a row, by host and action.
    pub failures: BTreeMap<(HostName, String), Failures>,
    /// The table that was set last on each host and written down.
    pub routed: BTreeMap<HostName, Vec<ArmWeight>>,
    /// Requests assigned to each side when the traffic was last spread.
    pub assigned: BTreeMap<HostName, Vec<Assigned>>,
    /// Whether the new release was ever given traffic.
    pub took_traffic: bool,
    /// Whether counters were written down before the new release was to get traffic, so that the end can be compared.
    pub counting: bool,
    /// The last record folded in.
    pub sequence: u64,
}

/// A step that was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenStep {
    /// Its index in the plan.
    pub index: u32,
    /// When its clock started.
    pub entered: Timestamp,
    /// A person said to go on.
    pub waved_on: bool,
}

/// The hook `migrate` of a rollout. The host that was asked first keeps it: it has the key under which it runs once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Where.
    pub host: HostName,
    /// When the host was asked first.
    pub since: Timestamp,
    /// How far it is.
    pub stage: MigrationStage,
}

/// How far the hook `migrate` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrationStage {
    /// The host was asked; it is not known whether it has begun.
    Asked,
    /// It has begun.
    Runs,
    /// It exited with 0.
    Passed,
    /// It did not.
    Failed {
        /// How it ended.
        ending: String,
    },
}

impl Migration {
    /// Whether it may still run.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, MigrationStage::Asked | MigrationStage::Runs)
    }
}

/// A wait for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// What is asked.
    pub reason: HoldReason,
    /// When the rollout goes back if nobody answers.
    pub until: Timestamp,
}

/// A way back that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// Why.
    pub reason: BackReason,
    /// Since when.
    pub since: Timestamp,
}

/// Failures of one action in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// The last one.
    pub at: Timestamp,
    /// Its error.
    pub error: String,
    /// Whether trying again may help.
    pub retry: bool,
}

/// A record that does not fit the state, which means that the journal was not written by this program.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("record {sequence} does not fit: {why}")]
pub struct Unfitting {
    /// The record.
    pub sequence: u64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// What people say, gates and hooks have their place after a rollout's end too.
const fn may_follow_the_end(entry: &Entry) -> bool {
    matches!(
        entry,
        Entry::Commanded { .. } | Entry::Gate { .. } | Entry::HookStarted { .. } | Entry::HookEnded { .. }
    )
}

impl RolloutState {
    /// The state after the record that planned the rollout; `None` where it is another kind of record.
    pub fn begin(record: &Record) -> Option<Self> {
        let Entry::Planned { plan } = &record.entry else { return None };
        Some(Self {
            judges: plan.rules.analyses.iter().map(Judge::new).collect(),
            plan: (**plan).clone(),
            began: record.at,
            step: None,
            steps_done: 0,
            hold: None,
            abort: None,
            paused: false,
            promoting: false,
            committed: BTreeSet::new(),
            aside: BTreeMap::new(),
            touched: BTreeSet::new(),
            commit_intended: BTreeSet::new(),
            back: None,
            finished: None,
            last_progress: record.at,
            prepared: BTreeSet::new(),
            published: BTreeSet::new(),
            migration: None,
            started: BTreeSet::new(),
            failures: BTreeMap::new(),
            routed: BTreeMap::new(),
            assigned: BTreeMap::new(),
            took_traffic: false,
            counting: false,
            sequence: record.sequence,
        })
    }

    /// Folds all records of one rollout, the first of which plans it.
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Option<Self>, Unfitting> {
        let mut state: Option<Self> = None;
        for record in records {
            match &mut state {
                None => state = Self::begin(record),
                Some(state) => state.apply(record)?,
            }
        }
        Ok(state)
    }

    /// Folds one more record in.
    pub fn apply(&mut self, record: &Record) -> Result<(), Unfitting> {
        let unfitting = |why| Unfitting { sequence: record.sequence, why };
        if record.sequence <= self.sequence {
            return Err(unfitting("it is not newer than the one before"));
        }
        if self.finished.is_some() && !may_follow_the_end(&record.entry) {
            return Err(unfitting("the rollout was over"));
        }
        self.sequence = record.sequence;
        match &record.entry {
            Entry::StepEntered { step } => self.enter(*step, record.at).map_err(unfitting)?,
            Entry::StepDone { step, .. } => self.leave(*step, record.at).map_err(unfitting)?,
            Entry::Performed { actions, assigned } => self.performed(actions, assigned, record.at),
            Entry::ActionFailed { action, error, retry } => self.failed(action, error, *retry, record.at),
            Entry::Looked { analysis, reading } => {
                let judge = self.judges.iter_mut().find(|j| j.spec().name == *analysis);
                judge.ok_or(unfitting("no such analysis"))?.look(record.at, reading);
            }
            Entry::Held { reason, until } => self.hold(reason, *until),
            Entry::Intended { actions } => self.intended(actions, record.at),
            Entry::Commanded { command } => self.command(command, record),
            Entry::Promoting { .. } => {
                self.promoting = true;
                self.step = None;
                self.hold = None;
                self.last_progress = record.at;
            }
            Entry::SetAside { host, reason, .. } => {
                self.aside.insert(host.clone(), reason.clone());
                self.failures.retain(|(failed, _), _| failed != host);
                self.last_progress = record.at;
            }
            Entry::GoingBack { reason } => self.go_back(reason, record.at),
            Entry::Finished { outcome, .. } => self.finished = Some(*outcome),
            Entry::Counted { .. } => self.counting = true,
            Entry::TakenOver { .. } => self.last_progress = record.at,
            Entry::Planned { .. } => return Err(unfitting("it plans the rollout a second time")),
            Entry::Assessed { .. }
            | Entry::ReleaseSealed { .. }
            | Entry::Gate { .. }
            | Entry::LeaseTaken { .. }
            | Entry::HooksDue { .. }
            | Entry::HookStarted { .. }
            | Entry::Operated { .. } => {}
            Entry::HookEnded { run } => self.hook_ended(run, record.at),
        }
        Ok(())
    }

    /// A person's word may come between a decision and its record; a record that it has overtaken changes nothing.
    fn is_overtaken(&self, step: u32) -> bool {
        step < self.steps_done
    }

    fn hold(&mut self, reason: &HoldReason, until: Timestamp) {
        let by_person = *reason == HoldReason::PausedByPerson;
        // What a person waved on may be paused by another all the same.
        let answered = self.step.is_some_and(|open| open.waved_on && !by_person) || self.promoting;
        let resumed = by_person && !self.paused;
        let skipped = self.step.is_none() && !self.paused;
        if !answered && !resumed && !skipped {
            self.hold = Some(Hold { reason: reason.clone(), until });
        }
    }

    fn enter(&mut self, step: u32, at: Timestamp) -> Result<(), &'static str> {
        if self.is_overtaken(step) {
            return Ok(());
        }
        if step != self.steps_done || self.step.is_some() {
            return Err("it enters a step that is not the next one");
        }
        self.step = Some(OpenStep { index: step, entered: at, waved_on: false });
        self.last_progress = at;
        Ok(())
    }

    fn leave(&mut self, step: u32, at: Timestamp) -> Result<(), &'static str> {
        if self.is_overtaken(step) {
            return Ok(());
        }
        if self.step.is_none_or(|open| open.index != step) {
            return Err("it ends a step that is not open");
        }
        self.step = None;
        self.hold = None;
        self.steps_done = step + 1;
        self.last_progress = at;
        Ok(())
    }

    fn intended(&mut self, actions: &[HostAction], at: Timestamp) {
        for HostAction { host, action } in actions {
            match action {
                Action::Commit => drop(self.commit_intended.insert(host.clone())),
                Action::Arm | Action::Start { .. } | Action::Route { .. } => {
                    self.touched.insert(host.clone());
                }
                Action::Migrate => {
                    let asked = || Migration { host: host.clone(), since: at, stage: MigrationStage::Asked };
                    self.migration.get_or_insert_with(asked);
                }
                Action::Prepare | Action::Publish | Action::Retire { .. } | Action::Disarm => {}
            }
        }
    }

    fn hook_ended(&mut self, run: &HookRun, at: Timestamp) {
        let open = self.migration.as_mut().filter(|m| m.is_open() && run.hook == HookName::Migrate);
        if let Some(migration) = open {
            migration.stage = if run.passed {
                MigrationStage::Passed
            } else {
                MigrationStage::Failed { ending: run.ending.clone() }
            };
            self.last_progress = at;
        }
    }

    fn performed(&mut self, actions: &[HostAction], assigned: &[Assigned], at: Timestamp) {
        self.last_progress = at;
        self.intended(actions, at);
        let mut counts: BTreeMap<&HostName, Vec<Assigned>> = BTreeMap::new();
        for count in assigned {
            counts.entry(&count.host).or_default().push(count.clone());
        }
        for HostAction { host, action } in actions {
            self.failures.remove(&(host.clone(), action.name().to_owned()));
            match action {
                Action::Prepare => drop(self.prepared.insert(host.clone())),
                Action::Publish => drop(self.published.insert(host.clone())),
                Action::Commit => drop(self.committed.insert(host.clone())),
                Action::Route { weights } => {
                    let new = weights.iter().any(|w| w.release == self.plan.release && w.weight.points() > 0);
                    if new {
                        self.took_traffic = true;
                        self.judges.iter_mut().for_each(|judge| judge.start(at));
                    }
                    self.routed.insert(host.clone(), weights.clone());
                    self.assigned.insert(host.clone(), counts.remove(host).unwrap_or_default());
                }
                Action::Start { instances } => {
                    self.started.extend(instances.iter().map(|id| (host.clone(), id.clone())));
                }
                Action::Migrate => {
                    let asked = self.migration.as_mut().filter(|m| m.stage == MigrationStage::Asked);
                    if let Some(migration) = asked {
                        migration.stage = MigrationStage::Runs;
                    }
                }
                Action::Arm | Action::Retire { .. } | Action::Disarm => {}
            }
        }
    }

    fn failed(&mut self, action: &HostAction, error: &str, retry: bool, at: Timestamp) {
        let key = (action.host.clone(), action.action.name().to_owned());
        let count = self.failures.get(&key).map_or(0, |f| f.count) + 1;
        self.failures.insert(key, Failures { count, at, error: error.to_owned(), retry });
    }

    fn command(&mut self, command: &Command, record: &Record) {
        match command {
            Command::Abort => {
                self.abort.get_or_insert(BackReason::Aborted { by: record.author.clone() });
            }
            Command::Supersede { by } => {
                self.abort.get_or_insert(BackReason::Superseded { by: by.clone() });
            }
            Command::Promote => {
                self.hold = None;
                self.paused = false;
                self.last_progress = record.at;
                if let Some(step) = &mut self.step {
                    step.waved_on = true;
                }
            }
            // Steps are skipped by going straight to the promotion; `decide` sees it by `steps_done`.
            Command::PromoteFully => {
                self.hold = None;
                self.paused = false;
                self.step = None;
                self.steps_done = u32::try_from(self.plan.steps.len()).unwrap_or(u32::MAX);
                self.last_progress = record.at;
            }
            Command::Pause => self.paused = true,
            Command::Resume => {
                self.paused = false;
                self.hold = None;
                self.last_progress = record.at;
            }
            Command::Retry { .. } => {}
        }
    }

    fn go_back(&mut self, reason: &BackReason, at: Timestamp) {
        self.back = Some(Back { reason: reason.clone(), since: at });
        self.step = None;
        self.hold = None;
        self.last_progress = at;
        self.failures.clear();
    }

    /// Whether this rollout has started the instance.
    pub fn has_started(&self, host: &HostName, instance: &InstanceId) -> bool {
        self.started.contains(&(host.clone(), instance.clone()))
    }

    /// Whether the plan's release is the one that brings the service up for the first time.
    pub fn is_initial(&self) -> bool {
        self.plan.kind == PlanKind::Initial
    }
}
