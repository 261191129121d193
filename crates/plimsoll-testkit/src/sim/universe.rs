//! The universe: true time, hosts, traffic, faults that are due, and the watcher of the invariants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use plimsoll_agent::memory;
use plimsoll_agent::runtime::Exit;
use plimsoll_engine::journal::{Draft, Journal, MemoryJournal, Query};
use plimsoll_model::record::{Command, Entry, Record};
use plimsoll_model::service::Environment;
use plimsoll_model::{HostName, Share, Timestamp};

use super::faults::Event;
use super::host::SimHost;
use super::release::{Release, Releases, environment, service};
use super::traffic::Traffic;
use super::words;
use crate::breakages::Breakage;
use crate::invariants::Watch;

/// When every simulation begins: 2026-01-31T00:00:00Z.
pub const BEGIN: Timestamp = Timestamp::from_millis(1_769_817_600_000);

/// How a universe is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The seed of everything random in it.
    pub seed: u64,
    /// How many hosts there are.
    pub hosts: usize,
    /// In how many zones they are; none have any where it is 0.
    pub zones: usize,
    /// The environment's declaration.
    pub environment: Environment,
    /// Time between two ticks of the agents.
    pub step: Duration,
    /// How often a coordinator looks at the hosts.
    pub tick: Duration,
    /// What is broken on purpose.
    pub breakage: Breakage,
}

impl Settings {
    /// The name of a host.
    pub fn host(n: usize) -> HostName {
        format!("web{}", n + 1).parse().expect("a name")
    }

    /// The zone of each host: as many neighbours in each as there are.
    pub fn zones(&self) -> BTreeMap<HostName, String> {
        let each = self.hosts.div_ceil(self.zones.max(1));
        let hosts = (0..self.hosts).filter(|_| self.zones > 0);
        hosts.map(|n| (Self::host(n), format!("zone{}", n / each + 1))).collect()
    }
}

/// Everything there is.
pub struct Universe {
    /// How it was made.
    pub settings: Settings,
    /// The releases that coordinators have at hand.
    pub releases: Releases,
    pub(super) journal: MemoryJournal,
    inner: Mutex<Inner>,
}

/// What changes in a universe.
pub struct Inner {
    /// The true time.
    pub now: Timestamp,
    /// The hosts.
    pub hosts: Vec<SimHost>,
    /// The traffic.
    pub traffic: Traffic,
    /// Until when the metrics server does not answer.
    pub metrics_down_until: Timestamp,
    /// The invariants.
    pub watch: Watch,
    /// Events that are to come, the next one last.
    due: Vec<(Timestamp, Event)>,
    /// What happened so far, in lines.
    pub story: Vec<String>,
    /// Coordinators that have died.
    pub(super) gone: BTreeSet<u32>,
    pub(super) next_process: u32,
    /// Coordinators up to this one were killed.
    pub(super) killed: u32,
    /// When the simulation is given up.
    pub(super) end_of_time: Timestamp,
    traffic_at: Timestamp,
    rng: Rng,
}

impl Universe {
    /// A universe with empty hosts.
    pub fn new(settings: Settings) -> Arc<Self> {
        let mut rng = Rng::with_seed(settings.seed ^ 0x5eed);
        let hosts = (0..settings.hosts)
            .map(|n| {
                SimHost::new(
                    Settings::host(n),
                    memory::Host::new(service()),
                    rng.u64(..),
                    BEGIN,
                    settings.breakage,
                )
            })
            .collect();
        let inner = Inner {
            now: BEGIN,
            hosts,
            traffic: Traffic::default(),
            metrics_down_until: BEGIN,
            watch: Watch::new(settings.environment.instances),
            due: Vec::new(),
            story: Vec::new(),
            gone: BTreeSet::new(),
            next_process: 1,
            killed: 0,
            end_of_time: BEGIN + Duration::from_secs(4 * 3600),
            traffic_at: BEGIN,
            rng,
        };
        let releases = Releases::default();
        Arc::new(Self { settings, releases, journal: MemoryJournal::new(), inner: Mutex::new(inner) })
    }

    /// Makes a release known to coordinators and hosts; it runs nowhere yet.
    pub fn add_release(&self, release: &Release) {
        self.releases.add(release.clone());
        let mut inner = self.lock();
        for host in &inner.hosts {
            host.memory.behave(&release.id, release.behaviour.clone());
        }
        inner.traffic.answers.insert(release.id.clone(), release.answers.clone());
        inner.watch.know(release);
    }

    /// The state of things.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The true time.
    pub fn now(&self) -> Timestamp {
        self.lock().now
    }

    /// Whether there is nothing more to find out: an invariant was broken, or the time is over.
    pub fn is_over(&self) -> bool {
        let inner = self.lock();
        inner.watch.is_broken() || inner.now >= inner.end_of_time
    }

    /// Lets the connection to a host break at its `nth` request from now that changes something, from 1.
    pub fn lose_call(&self, host: usize, nth: usize, done: bool) {
        let losses = &mut self.lock().hosts[host].losses;
        losses.resize(nth.saturating_sub(1), None);
        losses.push_back(Some(done));
    }

    /// Everything in the journal.
    pub fn records(&self) -> Vec<Record> {
        self.journal.clone().read(&Query::default()).expect("the journal in memory does not fail")
    }

    /// Lets something happen `after` some time.
    pub fn plan_event(&self, after: Duration, event: Event) {
        let mut inner = self.lock();
        let at = inner.now + after;
        inner.due.push((at, event));
        inner.due.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    }

    /// Forgets all events that are to come, and lets hosts and connections recover.
    pub fn calm_down(&self) {
        let mut inner = self.lock();
        let now = inner.now;
        inner.due.clear();
        inner.metrics_down_until = now;
        inner.story(format_args!("the storm is over"));
        for host in &mut inner.hosts {
            host.cut_until = host.cut_until.min(now);
            host.losses.clear();
            host.memory.calm_down();
            host.troubled = now;
        }
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        let until = self.now() + time;
        while self.step_towards(until) {}
    }

    /// One step; `false` once `until` is reached.
    fn step_towards(&self, until: Timestamp) -> bool {
        let mut inner = self.lock();
        if inner.now >= until || inner.watch.is_broken() {
            return false;
        }
        let event_at = inner.due.last().map_or(until, |(at, _)| (*at).max(inner.now));
        inner.now = (inner.now + self.settings.step)
            .min(until)
            .min(event_at.max(inner.now + Duration::from_millis(1)));
        let mut commands = Vec::new();
        while inner.due.last().is_some_and(|(at, _)| *at <= inner.now) {
            let (_, event) = inner.due.pop().expect("there is one");
            inner.story(format_args!("{}", words::event(&event)));
            match event {
                Event::Person(command) => commands.push(command),
                event => inner.happen(event),
            }
        }
        inner.pass();
        drop(inner);
        for command in commands {
            self.person(command);
        }
        true
    }

    /// A person writes a command for the rollout that is under way, if one is.
    pub fn person(&self, command: Command) {
        let records = self.records();
        let Some(rollout) = crate::sim::process::unfinished(&records).and_then(|r| r.rollout.clone()) else {
            return;
        };
        let draft = Draft {
            at: self.now(),
            author: "grace@desk".to_owned(),
            environment: Some(environment()),
            rollout: Some(rollout),
            fence: None,
            entry: Entry::Commanded { command },
        };
        let record = self.journal.clone().append(draft).expect("the journal in memory does not fail");
        self.recorded(&record);
    }

    /// Takes note of a record.
    pub(super) fn recorded(&self, record: &Record) {
        let line = words::record(record, &self.releases);
        let mut inner = self.lock();
        inner.tell(&line);
        let Inner { watch, hosts, now, traffic, .. } = &mut *inner;
        watch.on_record(record, hosts, *now);
        watch.check_looks(&traffic.came, *now);
    }
}

impl Inner {
    /// Adds a line to the story.
    pub fn story(&mut self, text: std::fmt::Arguments) {
        self.tell(&text.to_string());
    }

    fn tell(&mut self, text: &str) {
        let seconds = self.now.since(BEGIN).as_secs_f64();
        self.story.push(format!("{seconds:8.1}  {text}"));
    }

    /// Lets agents, traffic and invariants take note that time has passed.
    fn pass(&mut self) {
        let now = self.now;
        for host in &mut self.hosts {
            host.tick(now);
        }
        let since = now.since(self.traffic_at);
        if since >= Duration::from_millis(200) {
            self.traffic_at = now;
            for host in &mut self.hosts {
                let memory = host.memory.clone();
                self.traffic.flow(&memory, &mut host.rng, since);
            }
        }
        for at in 0..self.hosts.len() {
            self.look_at(at);
        }
    }

    /// Checks one host against the invariants.
    pub(super) fn look_at(&mut self, at: usize) {
        let changed = self.watch.on_host(at, &self.hosts[at], self.now);
        for line in changed {
            self.tell(&line);
        }
    }

    fn happen(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::Crash { host, nth } => {
                let host = &mut self.hosts[host];
                let running = host.memory.running();
                if let Some(id) = running.get(nth % running.len().max(1)) {
                    host.memory.crash(id, &Exit::Signal { signal: 11, out_of_memory: false });
                    host.troubled = now;
                }
            }
            Event::Reboot { host, away } => self.hosts[host].reboot(now, away),
            Event::KillProxy { host } => {
                self.hosts[host].memory.kill_proxy();
                self.hosts[host].troubled = now;
            }
            Event::AgentDies { host, effects, moment, away } => {
                let host = &mut self.hosts[host];
                host.memory.die_at(host.memory.effects() + effects, moment);
                host.away = away;
            }
            Event::Fails { host, fault, times } => {
                let host = &mut self.hosts[host];
                (0..times).for_each(|_| host.memory.fail_next(fault));
                host.troubled = now;
            }
            Event::Cut { host, lasts } => {
                let host = &mut self.hosts[host];
                host.cut_until = now + lasts;
                host.troubled = host.cut_until;
            }
            Event::Lose { host, done, calls } => {
                let host = &mut self.hosts[host];
                host.losses.extend((0..calls).map(|_| Some(done)));
                host.troubled = now;
            }
            Event::Person(_) => {}
            Event::CoordinatorsDie => self.killed = self.next_process - 1,
            Event::MetricsDown(lasts) => self.metrics_down_until = now + lasts,
            Event::Rate(rate) => self.traffic.rate = rate,
            Event::TurnsBad { release, errors } => {
                let id = self.watch.release(release).map(|r| r.id.clone());
                if let Some(answers) = id.and_then(|id| self.traffic.answers.get_mut(&id)) {
                    answers.errors = errors;
                }
            }
            Event::TurnsSick { release: number, status } => {
                let Some(release) = self.watch.release(number) else { return };
                for host in &self.hosts {
                    let behaviour = plimsoll_agent::memory::Behaviour { status, ..release.behaviour.clone() };
                    host.memory.behave(&release.id, behaviour);
                }
                self.watch.turns(number, status);
            }
        }
    }

    /// A number below `n` from the universe's own randomness.
    pub fn draw(&mut self, n: u64) -> u64 {
        self.rng.u64(..n)
    }
}

/// The weight of a release on a host now, at the data plane.
pub fn weight(host: &SimHost, release: &plimsoll_model::ReleaseId) -> Share {
    let arms = host.memory.table().map(|t| t.arms).unwrap_or_default();
    arms.iter().find(|a| a.release == *release).map_or(Share::NONE, |a| a.weight)
}
