//! Runs one rollout: observe, look, decide, do, journal; again until it is over.
//!
//! Nothing here chooses. What is done next is `plimsoll_plan::decide`'s answer; this file carries it out, one answer
//! at a time, and writes before and after it acts. A coordinator that dies anywhere in here is replaced by another
//! that folds the same journal and asks the same question.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use plimsoll_drivers::Host;
use plimsoll_model::event::{News, ReleaseLabel};
use plimsoll_model::observation::{FleetObservation, SwitchState};
use plimsoll_model::plan::{Action, HostAction, Plan};
use plimsoll_model::record::{Command, Entry, Outcome};
use plimsoll_model::{ExitCode, HostName, Span, Timestamp};
use plimsoll_plan::state::Unfitting;
use plimsoll_plan::{Decision, RolloutState, Wait, decide};

use crate::fleet::{self, Word};
use crate::journal::{JournalError, Lease, Query, RENEW_EVERY};
use crate::looks::Looks;
use crate::packing::Packings;
use crate::steps::migrate::{self, Found};
use crate::steps::{Context, Deed, Sent, StepError, perform};
use crate::tally;
use crate::view::Viewer;
use crate::world::World;

/// How a run of a rollout ended.
#[derive(Debug, Clone, PartialEq)]
pub enum RunEnd {
    /// The rollout is over.
    Over(Outcome),
    /// It waits for a person, and the hosts will go back by themselves if nobody answers.
    Held(Wait),
}

impl RunEnd {
    /// The exit code of a command that ran the rollout to here.
    pub const fn exit_code(&self) -> ExitCode {
        match self {
            Self::Over(outcome) => outcome.exit_code(),
            Self::Held(_) => ExitCode::Inconclusive,
        }
    }
}

/// What answers the question what to do next: [`plimsoll_plan::decide`], or what the simulator puts in its place to
/// watch it or to show that its checks catch a wrong one.
pub type Decide<'r> = &'r (dyn Fn(&RolloutState, &FleetObservation, Timestamp) -> Decision + Sync);

/// Why a rollout could not be run on. The hosts go back by themselves unless another coordinator takes over.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal does not make sense.
    #[error("the journal cannot be followed")]
    Unfitting(#[from] Unfitting),
    /// A host has seen a newer coordinator.
    #[error("another coordinator has taken over on {host}; this one changes nothing more")]
    Overtaken {
        /// The host.
        host: HostName,
    },
    /// The journal has no such rollout.
    #[error("the journal has no plan of this rollout")]
    NoPlan,
}

/// How a rollout is run.
#[derive(Debug, Clone)]
pub struct RunOptions<'a> {
    /// Leave instead of waiting for a person.
    pub detach: bool,
    /// Set when the operator wants to stop: the rollout goes back.
    pub cancel: &'a AtomicBool,
    /// How often the hosts are looked at.
    pub tick: Duration,
}

/// A running rollout.
pub struct Run<'r, 'w> {
    world: &'r mut World<'w>,
    lease: &'r Lease,
    options: RunOptions<'r>,
    decide: Decide<'r>,
    state: RolloutState,
    looks: Looks,
    packings: Packings,
    following: migrate::Following,
    viewer: Viewer,
    /// Hosts that do not answer, and since when. Only this coordinator's knowledge: another one begins to wait anew.
    silent_since: HashMap<HostName, Timestamp>,
    /// When it looked at the hosts for the first time.
    watched_since: Option<Timestamp>,
    last_renewal: Timestamp,
    last_word: Timestamp,
    /// Hosts whose switches are armed for this rollout, as they were last seen or are being armed: they get word.
    armed: HashSet<HostName>,
    last_view: Timestamp,
}

/// Pictures are sent this often at most.
const VIEW_EVERY: Duration = Duration::from_millis(200);

impl<'r, 'w> Run<'r, 'w> {
    /// A run of the rollout that `state` is the fold of.
    pub fn new(
        world: &'r mut World<'w>,
        lease: &'r Lease,
        state: RolloutState,
        labels: Vec<ReleaseLabel>,
        options: RunOptions<'r>,
    ) -> Self {
        let viewer = Viewer::new(labels, &state.plan);
        Self {
            world,
            lease,
            options,
            decide: &decide,
            state,
            looks: Looks::default(),
            packings: Packings::default(),
            following: migrate::Following::default(),
            viewer,
            silent_since: HashMap::new(),
            watched_since: None,
            last_renewal: Timestamp::default(),
            last_word: Timestamp::default(),
            armed: HashSet::new(),
            last_view: Timestamp::default(),
        }
    }

    /// The same run with another deciding function.
    #[must_use]
    pub fn decided_by(mut self, decide: Decide<'r>) -> Self {
        self.decide = decide;
        self
    }

    /// The state reached.
    pub fn state(&self) -> &RolloutState {
        &self.state
    }

    /// Goes on until the rollout is over, or a person is needed and the options say to leave then.
    pub fn to_end(&mut self) -> Result<RunEnd, RunError> {
        loop {
            if let Some(end) = self.turn()? {
                return Ok(end);
            }
        }
    }

    /// One turn: observe, look, decide, do.
    fn turn(&mut self) -> Result<Option<RunEnd>, RunError> {
        self.follow_journal()?;
        self.cancel_if_asked()?;
        let fleet = self.observe();
        self.renew_and_confirm(&fleet)?;
        self.look(&fleet)?;
        self.follow_migration()?;
        let now = self.world.clock.now();
        let decision = (self.decide)(&self.state, &fleet, now);
        self.show(&fleet, &decision, now);
        match decision {
            Decision::Over(outcome) => return Ok(Some(RunEnd::Over(outcome))),
            Decision::Record(entry) => self.record(*entry, &fleet)?,
            Decision::Act(actions) => self.act(actions, &fleet)?,
            Decision::Wait(wait) => {
                if self.options.detach && self.state.hold.is_some() && wait.person {
                    self.leave(&wait, &fleet)?;
                    return Ok(Some(RunEnd::Held(wait)));
                }
                self.wait(&wait, now);
            }
        }
        Ok(None)
    }

    /// What hosts get that have nothing else to do while another one keeps us waiting.
    fn word<'a>(state: &'a RolloutState, lease: &Lease, armed: &'a HashSet<HostName>) -> Word<'a> {
        let every = (state.plan.rules.dead_man_switch.duration() / 4).max(Duration::from_millis(250));
        Word { to: armed, every, service: &state.plan.service, fence: lease.fence }
    }

    fn observe(&mut self) -> FleetObservation {
        let word = Self::word(&self.state, self.lease, &self.armed);
        let World { hosts, parallel, clock, .. } = &mut *self.world;
        let mut fleet = fleet::observe_with_word(hosts, *parallel, &self.state.plan.service, Some(&word));
        let now = clock.now();
        fleet.watched_since = *self.watched_since.get_or_insert(now);
        let before = std::mem::take(&mut self.silent_since);
        for lost in &mut fleet.unreachable {
            let since = before.get(&lost.host).copied().unwrap_or(now);
            self.silent_since.insert(lost.host.clone(), since);
            lost.since = Some(since);
        }
        fleet
    }

    /// Folds in what others wrote: people's commands.
    fn follow_journal(&mut self) -> Result<(), RunError> {
        let query = Query {
            after: self.state.sequence,
            rollout: Some(self.state.plan.rollout.clone()),
            ..Query::default()
        };
        for record in self.world.journal.read(&query)? {
            self.state.apply(&record)?;
        }
        Ok(())
    }

    fn record(&mut self, entry: Entry, fleet: &FleetObservation) -> Result<(), RunError> {
        let turns = matches!(entry, Entry::GoingBack { .. } | Entry::Finished { .. });
        if turns && self.state.counting {
            self.count(fleet)?;
        }
        let ends = matches!(entry, Entry::GoingBack { .. } | Entry::Promoting { .. });
        if ends {
            self.record_assessments()?;
        }
        self.write(entry)
    }

    fn write(&mut self, entry: Entry) -> Result<(), RunError> {
        let rollout = self.state.plan.rollout.clone();
        self.world.record(self.lease, Some(&rollout), entry)?;
        self.follow_journal()
    }

    /// The figures behind the decision that is about to be written.
    fn record_assessments(&mut self) -> Result<(), RunError> {
        let watching = self.state.judges.iter().filter(|j| j.is_watching());
        let assessments: Vec<_> = watching.map(plimsoll_plan::Judge::assessment).collect();
        for assessment in assessments {
            self.write(Entry::Assessed { assessment: Box::new(assessment) })?;
        }
        Ok(())
    }

    /// What users met, by the proxies' own counters: it is known also for the time in which no command was there to look.
    fn count(&mut self, fleet: &FleetObservation) -> Result<(), RunError> {
        let counts = tally::answered(&self.state.plan, fleet);
        if counts.is_empty() { Ok(()) } else { self.write(Entry::Counted { counts }) }
    }

    /// Whether a host gives the new release weight that it has not given it before.
    fn gives_weight(&self, action: &HostAction) -> bool {
        let Action::Route { weights } = &action.action else { return false };
        let new = weights.iter().any(|w| w.release == self.state.plan.release && w.weight.points() > 0);
        new && self.state.routed.get(&action.host) != Some(weights)
    }

    fn cancel_if_asked(&mut self) -> Result<(), RunError> {
        if self.options.cancel.load(Ordering::Relaxed) && self.state.abort.is_none() {
            self.write(Entry::Commanded { command: Command::Abort })?;
        }
        Ok(())
    }

    /// Keeps the lease and the hosts' switches from running out. A host that has seen a newer fence ends the run.
    fn renew_and_confirm(&mut self, fleet: &FleetObservation) -> Result<(), RunError> {
        let now = self.world.clock.now();
        if now.since(self.last_renewal) >= RENEW_EVERY {
            self.world.journal.renew(self.lease, now)?;
            self.last_renewal = now;
        }
        let state = &self.state;
        let armed = fleet.hosts.iter().filter(|h| {
            matches!(&h.seen.switch, SwitchState::Armed { orders, .. } if orders.rollout == state.plan.rollout)
        });
        // One that was set aside goes back by itself, whether it is there again or not.
        let armed = armed.map(|h| &h.host).filter(|h| !state.aside.contains_key(*h));
        self.armed = armed.cloned().collect();
        let word = Self::word(state, self.lease, &self.armed);
        if self.armed.is_empty() || now.since(self.last_word) < word.every {
            return Ok(());
        }
        self.last_word = now;
        let World { hosts, parallel, .. } = &mut *self.world;
        fleet::confirm(hosts, *parallel, &word).map_err(|host| RunError::Overtaken { host })
    }

    /// Makes the looks that are due and writes what they gave; a changed verdict is written with its figures.
    fn look(&mut self, fleet: &FleetObservation) -> Result<(), RunError> {
        if self.state.back.is_some() || self.state.finished.is_some() || !self.state.committed.is_empty() {
            return Ok(());
        }
        let now = self.world.clock.now();
        let readings = self.looks.due(&self.state, fleet, self.world.metrics.as_mut(), now);
        for (analysis, reading) in readings {
            let verdict = |state: &RolloutState| {
                state.judges.iter().find(|j| j.spec().name == analysis).map(plimsoll_plan::Judge::verdict)
            };
            let before = verdict(&self.state);
            self.write(Entry::Looked { analysis: analysis.clone(), reading })?;
            if verdict(&self.state) != before {
                let judge = self.state.judges.iter().find(|j| j.spec().name == analysis);
                if let Some(assessment) = judge.map(plimsoll_plan::Judge::assessment) {
                    self.write(Entry::Assessed { assessment: Box::new(assessment) })?;
                }
            }
        }
        Ok(())
    }

    /// Looks at the hook `migrate` where it may run, and writes how it ended.
    fn follow_migration(&mut self) -> Result<(), RunError> {
        let Some(migration) = self.state.migration.as_ref().filter(|m| m.is_open()) else { return Ok(()) };
        let name = migration.host.clone();
        let Some(host) = self.world.hosts.iter_mut().find(|host| *host.name() == name) else { return Ok(()) };
        match self.following.look(&self.state, host.as_mut(), self.lease.fence, self.world.clock.now()) {
            Found::Open => Ok(()),
            Found::Overtaken => Err(RunError::Overtaken { host: name }),
            Found::Over(run) => self.write(Entry::HookEnded { run: Box::new(run) }),
        }
    }

    /// Makes the changes, at the same time on all hosts: intent first, then the deed, then what came of it.
    fn act(&mut self, actions: Vec<HostAction>, fleet: &FleetObservation) -> Result<(), RunError> {
        if self.state.back.is_none() && actions.iter().any(|action| self.gives_weight(action)) {
            self.count(fleet)?;
        }
        self.write(Entry::Intended { actions: actions.clone() })?;
        let results = self.perform_all(&actions);
        let (mut performed, mut assigned, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (action, result) in actions.into_iter().zip(results) {
            match result {
                Ok(deed) => {
                    assigned.extend(deed.assigned);
                    self.tell_sent(&action.host, deed.sent);
                    performed.push(action);
                }
                Err(error) if error.is_stale() => {
                    return Err(RunError::Overtaken { host: action.host });
                }
                Err(error) => failed.push((action, error)),
            }
        }
        if !performed.is_empty() {
            self.write(Entry::Performed { actions: performed, assigned })?;
        }
        for (action, error) in failed {
            self.write(Entry::ActionFailed { action, error: error.text(), retry: error.may_pass() })?;
        }
        Ok(())
    }

    fn tell_sent(&mut self, host: &HostName, sent: Option<Sent>) {
        if let Some(Sent { bytes, size, base }) = sent {
            let base = base.map(|base| self.viewer.label(&base));
            self.world.tell(News::Sent { host: host.clone(), bytes, size, base });
        }
    }

    fn perform_all(&mut self, actions: &[HostAction]) -> Vec<Result<Deed, StepError>> {
        // A switch that is being armed runs from then on, whatever the other hosts do, and before the next look.
        let being_armed = actions.iter().filter(|a| a.action == Action::Arm).map(|a| a.host.clone());
        self.armed.extend(being_armed);
        let context = context(
            &self.state.plan,
            self.lease,
            self.world,
            &self.packings,
            self.state.plan.rules.dead_man_switch,
        );
        let of_host: HashMap<_, _> = actions.iter().map(|a| (&a.host, a)).collect();
        let word = Self::word(&self.state, self.lease, &self.armed);
        let do_its_own = |host: &mut dyn Host| {
            let action = of_host.get(host.name())?;
            Some(perform(&context, host, action))
        };
        let results = fleet::on_each(&mut self.world.hosts, self.world.parallel, do_its_own, Some(&word));
        let results = results.into_iter().filter_map(|(host, result)| Some((host, result?)));
        let mut results: HashMap<_, _> = results.collect();
        let result = |a: &HostAction| results.remove(&a.host).unwrap_or(Err(StepError::NotPlanned));
        actions.iter().map(result).collect()
    }

    /// Before leaving: the switch waits for the person as long as the rollout would have.
    fn leave(&mut self, wait: &Wait, fleet: &FleetObservation) -> Result<(), RunError> {
        let patience = Span::from(self.world.clock.now().until(wait.until));
        let after = patience.max(self.state.plan.rules.dead_man_switch);
        let context = context(&self.state.plan, self.lease, self.world, &self.packings, after);
        let state = &self.state;
        let in_play = |h: &HostName| state.touched.contains(h) && !state.aside.contains_key(h);
        let seen: HashSet<_> = fleet.hosts.iter().map(|h| &h.host).filter(|h| in_play(h)).collect();
        let hosts = self.world.hosts.iter_mut().filter(|h| seen.contains(h.name()));
        let armed = fleet::on_each(
            hosts,
            self.world.parallel,
            |host| {
                let arm = HostAction { host: host.name().clone(), action: Action::Arm };
                perform(&context, host, &arm)
            },
            None,
        );
        match armed.into_iter().find(|(_, r)| r.as_ref().is_err_and(StepError::is_stale)) {
            Some((host, _)) => Err(RunError::Overtaken { host }),
            None => Ok(()),
        }
    }

    fn show(&mut self, fleet: &FleetObservation, decision: &Decision, now: Timestamp) {
        self.viewer.see(now, fleet);
        if now.since(self.last_view) >= VIEW_EVERY {
            self.last_view = now;
            let view = self.viewer.view(&self.state, fleet, decision, now);
            self.world.tell(News::Watching { view: Box::new(view) });
        }
    }

    /// Sleeps until something may have changed.
    fn wait(&self, wait: &Wait, now: Timestamp) {
        let next_look = self.looks.next(&self.state.judges);
        let until = next_look.map_or(wait.until, |look| look.min(wait.until));
        let longest = now.until(until).max(Duration::from_millis(5));
        self.world.clock.sleep(longest.min(self.options.tick));
    }
}

/// What the steps have at hand.
fn context<'c, 'w: 'c>(
    plan: &'c Plan,
    lease: &Lease,
    world: &World<'w>,
    packings: &'c Packings,
    switch_after: Span,
) -> Context<'c> {
    Context {
        plan,
        hosts: plan.hosts.iter().map(|h| (&h.host, h)).collect(),
        fence: lease.fence,
        releases: world.releases,
        packings,
        secrets: world.secrets,
        switch_after,
    }
}
