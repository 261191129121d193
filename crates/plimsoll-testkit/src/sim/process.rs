//! A coordinator: one command, from taking the lease to the end of the rollout, with the mishaps ordered for it.
//!
//! What a command does around the engine's loop (take the lease, take an unfinished rollout over, plan) is written
//! here as plainly as possible. The loop itself, and everything that it calls, is the real one.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plimsoll_drivers::{Clock, Host as _, SteadyClock};
use plimsoll_engine::History;
use plimsoll_engine::journal::{Acquired, Draft, Holder, Journal, JournalError, Lease, Query};
use plimsoll_engine::{Run, RunEnd, RunError, RunOptions, World};
use plimsoll_model::agent::{Request, Response};
use plimsoll_model::observation::{FleetObservation, LostHost, SeenHost};
use plimsoll_model::plan::Plan;
use plimsoll_model::record::{Command, Entry, Outcome, Record};
use plimsoll_model::{EnvironmentName, Fence, ReleaseId, RolloutId, Timestamp};
use plimsoll_plan::RolloutState;
use plimsoll_plan::planner::{self, NoPlan};

use super::connection::Connection;
use super::faults::{Mishap, Point, Upset};
use super::metrics::MemorySources;
use super::release::{KEY, NoSecrets, Release, environment, service};
use super::universe::Universe;

/// What a command is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Bring in a release.
    Ship(ReleaseId),
    /// Return to an earlier release.
    Rollback(ReleaseId),
    /// Bring every host to the release that serves.
    Converge,
    /// Only go on with what another coordinator left.
    Continue,
}

/// How a command ended.
#[derive(Debug)]
pub enum CommandEnd {
    /// The run ended.
    Run(RunEnd),
    /// The run could not be gone on with.
    Failed(RunError),
    /// There is nothing to do, or it may not be done.
    NoPlan(NoPlan),
    /// Nothing was left to go on with.
    Nothing,
    /// The journal failed, or someone else is at work.
    Journal(JournalError),
    /// The coordinator died.
    Died,
}

/// A coordinator's process.
pub struct Process {
    pub(super) universe: Arc<Universe>,
    /// Its number.
    pub id: u32,
    dead: AtomicBool,
    skew: AtomicI64,
    records: AtomicU64,
    calls: AtomicU64,
    sleeps: AtomicU64,
    fence: AtomicU64,
    upsets: Mutex<Vec<Upset>>,
    detach: bool,
}

/// How long a command waits for a lease that another holds.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one record takes to write.
const WRITE: Duration = Duration::from_millis(2);

impl Process {
    /// A coordinator to which this will happen. It leaves instead of waiting for a person where `detach` is set.
    pub fn new(universe: &Arc<Universe>, upsets: Vec<Upset>, detach: bool) -> Arc<Self> {
        let mut inner = universe.lock();
        let id = inner.next_process;
        inner.next_process += 1;
        drop(inner);
        Arc::new(Self {
            universe: Arc::clone(universe),
            id,
            dead: AtomicBool::new(false),
            skew: AtomicI64::new(0),
            records: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            sleeps: AtomicU64::new(0),
            fence: AtomicU64::new(0),
            upsets: Mutex::new(upsets),
            detach,
        })
    }

    /// Whether it has died, or everything is over.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Relaxed) || self.universe.lock().killed >= self.id || self.universe.is_over()
    }

    fn die(&self) {
        if !self.dead.swap(true, Relaxed) {
            let mut inner = self.universe.lock();
            inner.gone.insert(self.id);
            inner.story(format_args!("coordinator {} dies", self.id));
        }
    }

    /// The fence of its lease.
    pub(super) fn own_fence(&self) -> Fence {
        Fence(self.fence.load(Relaxed))
    }

    pub(super) fn before_call(self: &Arc<Self>) {
        let nth = self.calls.fetch_add(1, Relaxed) + 1;
        self.come_to(Point::BeforeCall(nth));
    }

    fn come_to(self: &Arc<Self>, point: Point) {
        loop {
            let mut upsets = self.upsets.lock().expect("no holder of the lock panics");
            let Some(at) = upsets.iter().position(|u| u.at == point) else { return };
            let upset = upsets.swap_remove(at);
            drop(upsets);
            self.suffer(upset.what);
        }
    }

    fn suffer(self: &Arc<Self>, mishap: Mishap) {
        match mishap {
            Mishap::Dies => self.die(),
            Mishap::ClockJumps(millis) => {
                self.universe
                    .lock()
                    .story(format_args!("coordinator {}'s clock jumps by {millis} ms", self.id));
                self.universe.lock().watch.clocks_lie();
                self.skew.fetch_add(millis, Relaxed);
            }
            Mishap::Suspended { lasts, successor } => {
                self.universe.lock().story(format_args!("coordinator {} is suspended", self.id));
                let until = self.universe.now() + lasts;
                if let Some(upsets) = successor {
                    self.universe.advance(Duration::from_secs(14).min(lasts));
                    let _ = Self::new(&self.universe, upsets, false).command(&Order::Continue);
                }
                self.universe.advance(until.since(self.universe.now()));
                self.universe.lock().story(format_args!("coordinator {} wakes up", self.id));
            }
        }
    }

    fn here_and_now(&self) -> Timestamp {
        let (now, skew) = (self.universe.now(), self.skew.load(Relaxed));
        let millis = Duration::from_millis(skew.unsigned_abs());
        if skew < 0 { now - millis } else { now + millis }
    }

    /// The latest time in the journal: whoever goes on does not go back behind it.
    fn newest_record(&self) -> Timestamp {
        self.universe.records().iter().map(|r| r.at).max().unwrap_or_default()
    }

    fn holder(&self) -> Holder {
        Holder { user: "ada".to_owned(), machine: "desk".to_owned(), pid: self.id, start_ticks: 1 }
    }

    /// Runs one command to its end.
    pub fn command(self: &Arc<Self>, order: &Order) -> CommandEnd {
        self.universe.lock().story(format_args!("coordinator {} starts: {}", self.id, self.describe(order)));
        let end = self.try_command(order);
        let end = if self.is_dead() { CommandEnd::Died } else { end };
        self.die_quietly();
        self.universe.lock().story(format_args!("coordinator {} ends: {}", self.id, words(&end)));
        end
    }

    fn die_quietly(&self) {
        self.dead.store(true, Relaxed);
        self.universe.lock().gone.insert(self.id);
    }

    fn describe(&self, order: &Order) -> String {
        let name =
            |id| self.universe.releases.get(id).map_or_else(|| "?".to_owned(), |r| r.label().to_string());
        match order {
            Order::Ship(id) => format!("ship {}", name(id)),
            Order::Rollback(id) => format!("rollback to {}", name(id)),
            Order::Converge => "converge".to_owned(),
            Order::Continue => "continue".to_owned(),
        }
    }

    fn try_command(self: &Arc<Self>, order: &Order) -> CommandEnd {
        let lease = match self.take_lease() {
            Ok(acquired) => acquired.lease,
            Err(error) => return CommandEnd::Journal(error),
        };
        self.fence.store(lease.fence.0, Relaxed);
        let end = self.work(order, &lease);
        if !self.is_dead() && !matches!(end, CommandEnd::Failed(_)) {
            let _ = self.journal().give_back(&lease);
        }
        end
    }

    fn work(self: &Arc<Self>, order: &Order, lease: &Lease) -> CommandEnd {
        let records = match self.journal().read(&Query::default()) {
            Ok(records) => records,
            Err(error) => return CommandEnd::Journal(error),
        };
        if let Some(planned) = unfinished(&records) {
            let end = self.take_over(order, lease, planned);
            let shipped = matches!(order, Order::Continue) || wants(order, planned);
            if shipped || !matches!(end, CommandEnd::Run(RunEnd::Over(_))) {
                return end;
            }
        }
        match order {
            Order::Continue => CommandEnd::Nothing,
            Order::Ship(release) => self.begin(release, false, lease),
            Order::Rollback(release) => self.begin(release, true, lease),
            Order::Converge => match History::fold(&self.universe.records()).serving(&environment()) {
                Some(release) => self.begin(&release, false, lease),
                None => CommandEnd::Nothing,
            },
        }
    }

    fn take_over(self: &Arc<Self>, order: &Order, lease: &Lease, planned: &Record) -> CommandEnd {
        let rollout = planned.rollout.clone().expect("a plan belongs to a rollout");
        if let (Order::Ship(by) | Order::Rollback(by), false) = (order, wants(order, planned)) {
            let command = Entry::Commanded { command: Command::Supersede { by: by.clone() } };
            if let Err(error) = self.write(lease, Some(&rollout), command) {
                return CommandEnd::Journal(error);
            }
        }
        let course = Entry::TakenOver { course: "continue".to_owned() };
        if let Err(error) = self.write(lease, Some(&rollout), course) {
            return CommandEnd::Journal(error);
        }
        let query = Query { rollout: Some(rollout), ..Query::default() };
        let folded = self.journal().read(&query).map_err(RunError::from);
        let folded = folded.and_then(|records| RolloutState::fold(&records)?.ok_or(RunError::NoPlan));
        match folded {
            Ok(state) => self.run(lease, state),
            Err(error) => self.failed(error),
        }
    }

    fn begin(self: &Arc<Self>, release: &ReleaseId, rollback: bool, lease: &Lease) -> CommandEnd {
        let plan = match self.plan(release, rollback) {
            Ok(plan) => plan,
            Err(reason) => return CommandEnd::NoPlan(reason),
        };
        let rollout = plan.rollout.clone();
        match self.write(lease, Some(&rollout), Entry::Planned { plan: Box::new(plan) }) {
            Ok(record) => self.run(lease, RolloutState::begin(&record).expect("it is a plan")),
            Err(error) => CommandEnd::Journal(error),
        }
    }

    /// Plans, as the command would from what it sees now.
    fn plan(self: &Arc<Self>, release: &ReleaseId, rollback: bool) -> Result<Plan, NoPlan> {
        self.plan_for(release, rollback, &self.observe())
    }

    /// The plan for what was seen.
    pub fn plan_for(
        &self,
        release: &ReleaseId,
        rollback: bool,
        fleet: &FleetObservation,
    ) -> Result<Plan, NoPlan> {
        let records = self.universe.records();
        let number = records.iter().filter(|r| matches!(r.entry, Entry::Planned { .. })).count() as u64 + 1;
        let forgets = self.universe.settings.breakage.forgets_rollbacks();
        let history = History::fold(&records);
        let refused = match (forgets, rollback) {
            (true, _) => Vec::new(),
            (_, true) => history.came_back(&environment()),
            (_, false) => history.refused(&environment()),
        };
        let release: Release = self.universe.releases.get(release).expect("only known releases are shipped");
        planner::plan(&planner::Request {
            rollout: RolloutId::new(&environment(), number),
            environment: &self.universe.settings.environment,
            manifest: &release.manifest,
            release: release.id.clone(),
            trusted_keys: &[KEY.to_owned()],
            rollback,
            canary: false,
            refused: &refused,
            serving: history.serving(&environment()).as_ref(),
            zones: &self.universe.settings.zones(),
            fleet,
        })
    }

    /// What the hosts see.
    pub fn observe(self: &Arc<Self>) -> FleetObservation {
        let mut fleet = FleetObservation::default();
        for mut host in self.connections() {
            let name = host.name().clone();
            match host.call(&service(), None, Request::Observe, &[]) {
                Ok(Response::Observed { observation }) => {
                    fleet.hosts.push(SeenHost { host: name, seen: *observation });
                }
                Ok(_) => {}
                Err(error) => {
                    let reason = error.to_string();
                    fleet.unreachable.push(LostHost { host: name, reason, since: None });
                }
            }
        }
        fleet
    }

    fn connections(self: &Arc<Self>) -> Vec<Connection> {
        (0..self.universe.settings.hosts).map(|at| Connection::new(self, at)).collect()
    }

    fn run(self: &Arc<Self>, lease: &Lease, state: RolloutState) -> CommandEnd {
        let clock = SimClock(Arc::clone(self));
        let clock = SteadyClock::new(&clock, self.newest_record());
        let mut events = |_| {};
        let cancel = AtomicBool::new(false);
        let mut world = World {
            clock: &clock,
            hosts: self.connections().into_iter().map(|host| Box::new(host) as _).collect(),
            // One after another: the same seed tells the same story.
            parallel: 1,
            journal: Box::new(self.journal()),
            metrics: Box::new(MemorySources(Arc::clone(&self.universe))),
            releases: &self.universe.releases,
            secrets: &NoSecrets,
            events: &mut events,
            author: "ada@desk".to_owned(),
        };
        let breakage = self.universe.settings.breakage;
        let decide = |state: &RolloutState, fleet: &FleetObservation, now| {
            let decision = breakage.decide(state, fleet, now, self.id);
            let mut inner = self.universe.lock();
            let truly = inner.now;
            inner.watch.on_decision(state, fleet, now, truly, &decision);
            decision
        };
        let options = RunOptions { detach: self.detach, cancel: &cancel, tick: self.universe.settings.tick };
        let end = Run::new(&mut world, lease, state, self.universe.releases.labels(), options)
            .decided_by(&decide)
            .to_end();
        match end {
            Ok(end) => {
                self.check_exit(&end);
                CommandEnd::Run(end)
            }
            Err(error) => self.failed(error),
        }
    }

    fn check_exit(&self, end: &RunEnd) {
        let code = self.universe.settings.breakage.exit_code(end);
        let mut inner = self.universe.lock();
        let super::universe::Inner { watch, hosts, now, .. } = &mut *inner;
        watch.on_exit(code, hosts, *now);
    }

    fn failed(&self, error: RunError) -> CommandEnd {
        if let RunError::Unfitting(error) = &error {
            let mut inner = self.universe.lock();
            let now = inner.now;
            inner.watch.unfitting(&error.to_string(), now);
        }
        CommandEnd::Failed(error)
    }

    fn take_lease(self: &Arc<Self>) -> Result<Acquired, JournalError> {
        let began = self.universe.now();
        loop {
            let fleet = self.observe();
            let above = fleet.hosts.iter().map(|h| h.seen.fence).max().unwrap_or_default();
            let gone = |holder: &Holder| self.universe.lock().gone.contains(&holder.pid);
            let now = self.here_and_now();
            match self.journal().acquire(&environment(), &self.holder(), now, above, &gone) {
                Err(JournalError::LeaseHeld { .. }) if self.universe.now().since(began) < PATIENCE => {
                    self.universe.advance(Duration::from_secs(1));
                }
                other => return other,
            }
        }
    }

    fn journal(self: &Arc<Self>) -> ProcessJournal {
        ProcessJournal(Arc::clone(self))
    }

    fn write(
        self: &Arc<Self>,
        lease: &Lease,
        rollout: Option<&RolloutId>,
        entry: Entry,
    ) -> Result<Record, JournalError> {
        self.journal().append(Draft {
            at: self.here_and_now().max(self.newest_record()),
            author: "ada@desk".to_owned(),
            environment: Some(lease.environment.clone()),
            rollout: rollout.cloned(),
            fence: Some(lease.fence),
            entry,
        })
    }
}

/// The plan of the rollout that is not over yet.
pub(crate) fn unfinished(records: &[Record]) -> Option<&Record> {
    let planned = records.iter().rev().find(|r| matches!(r.entry, Entry::Planned { .. }))?;
    let over = |r: &Record| r.rollout == planned.rollout && matches!(r.entry, Entry::Finished { .. });
    (!records.iter().any(over)).then_some(planned)
}

/// How the last rollout ended.
pub fn last_outcome(records: &[Record]) -> Option<Outcome> {
    records.iter().rev().find_map(|r| match r.entry {
        Entry::Finished { outcome, .. } => Some(outcome),
        _ => None,
    })
}

fn wants(order: &Order, planned: &Record) -> bool {
    let Entry::Planned { plan } = &planned.entry else { return false };
    matches!(order, Order::Ship(release) | Order::Rollback(release) if *release == plan.release)
}

fn words(end: &CommandEnd) -> String {
    match end {
        CommandEnd::Run(RunEnd::Over(outcome)) => format!("{outcome:?}"),
        CommandEnd::Run(RunEnd::Held(wait)) => format!("left, waiting for {}", wait.waiting_for),
        CommandEnd::Failed(error) => error.to_string(),
        CommandEnd::NoPlan(reason) => reason.to_string(),
        CommandEnd::Nothing => "nothing to do".to_owned(),
        CommandEnd::Journal(error) => error.to_string(),
        CommandEnd::Died => "dead".to_owned(),
    }
}

/// A coordinator's clock: true time and its own error.
struct SimClock(Arc<Process>);

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.0.here_and_now()
    }

    fn sleep(&self, duration: Duration) {
        if self.0.is_dead() {
            return;
        }
        let nth = self.0.sleeps.fetch_add(1, Relaxed) + 1;
        self.0.universe.advance(duration);
        self.0.come_to(Point::Sleep(nth));
    }
}

/// The journal as one coordinator reaches it: it fails once the coordinator is dead.
struct ProcessJournal(Arc<Process>);

impl ProcessJournal {
    fn alive(&self) -> Result<(), JournalError> {
        if self.0.is_dead() { Err(JournalError::Injected) } else { Ok(()) }
    }
}

impl Journal for ProcessJournal {
    fn append(&mut self, mut draft: Draft) -> Result<Record, JournalError> {
        self.alive()?;
        let nth = self.0.records.fetch_add(1, Relaxed) + 1;
        self.0.come_to(Point::BeforeRecord(nth));
        self.alive()?;
        self.0.universe.advance(WRITE);
        draft.entry = self.0.universe.settings.breakage.entry(draft.entry);
        let record = self.0.universe.journal.clone().append(draft)?;
        self.0.universe.recorded(&record);
        self.0.come_to(Point::AfterRecord(nth));
        Ok(record)
    }

    fn read(&mut self, query: &Query) -> Result<Vec<Record>, JournalError> {
        self.alive()?;
        self.0.universe.journal.clone().read(query)
    }

    fn acquire(
        &mut self,
        environment: &EnvironmentName,
        holder: &Holder,
        now: Timestamp,
        above: Fence,
        is_gone: &dyn Fn(&Holder) -> bool,
    ) -> Result<Acquired, JournalError> {
        self.alive()?;
        self.0.universe.journal.clone().acquire(environment, holder, now, above, is_gone)
    }

    fn holder(
        &mut self,
        environment: &EnvironmentName,
        now: Timestamp,
        is_gone: &dyn Fn(&Holder) -> bool,
    ) -> Result<Option<Holder>, JournalError> {
        self.alive()?;
        self.0.universe.journal.clone().holder(environment, now, is_gone)
    }

    fn renew(&mut self, lease: &Lease, now: Timestamp) -> Result<(), JournalError> {
        self.alive()?;
        self.0.universe.journal.clone().renew(lease, now)
    }

    fn give_back(&mut self, lease: &Lease) -> Result<(), JournalError> {
        self.alive()?;
        self.0.universe.journal.clone().give_back(lease)
    }
}
