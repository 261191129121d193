//! The agent itself: how it opens, what it is handed, and which function answers which request.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use plimsoll_model::agent::{Call, Refusal, RefusalReason, Reply, Request, Response};
use plimsoll_model::observation::SwitchState;
use plimsoll_model::traffic::{RouteTable, TrafficReport};
use plimsoll_model::{InstanceId, ServiceName, Timestamp, version};

use super::trail::TrailEnd;
use super::watch::Watch;
use crate::runtime::Runtime;
use crate::state::{Ending, HostState, InstanceRecord, Secrets, StateError, StateStore};
use crate::store::ReleaseStore;
use crate::traffic::Traffic;

/// What an agent is made of.
pub struct Parts {
    /// The service that it looks after.
    pub service: ServiceName,
    /// Who it says it is.
    pub about: About,
    /// What survives it.
    pub state: Box<dyn StateStore>,
    /// Its processes.
    pub runtime: Box<dyn Runtime>,
    /// Its proxy.
    pub traffic: Box<dyn Traffic>,
    /// Its releases.
    pub store: Box<dyn ReleaseStore>,
}

/// The proxy's report of this tick.
#[derive(Debug)]
pub(super) enum Look {
    /// Not asked for.
    NotYet,
    /// What came of asking; nothing where the proxy did not answer.
    Taken(Option<Box<TrafficReport>>),
}

/// Who an agent says it is, in its welcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its version.
    pub version: String,
    /// Its process.
    pub pid: u32,
}

/// The agent of one service on one host.
pub struct Agent {
    pub(super) parts: Parts,
    pub(super) state: HostState,
    pub(super) secrets: Secrets,
    /// The latest time seen; it never goes back, so a clock that is set back extends no deadline.
    pub(super) now: Timestamp,
    /// What is known of the running instances and need not survive.
    pub(super) watches: BTreeMap<InstanceId, Watch>,
    /// The table that the proxy took last, as far as this agent knows.
    pub(super) pushed: Option<RouteTable>,
    /// When the proxy is looked at again.
    pub(super) next_look: Timestamp,
    /// The proxy's report of this tick, once asked for.
    pub(super) report: Look,
    /// Whether the state here is newer than the saved one; see [`Agent::insist`].
    pub(super) unsaved: bool,
    /// What does not work at the moment, by subject.
    pub(super) troubles: BTreeMap<&'static str, String>,
    /// Who calls, as far as the caller said.
    pub(super) author: Option<String>,
    /// Where the trail goes on, once it was looked up.
    pub(super) trail_end: Option<TrailEnd>,
}

/// An agent that cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The state or the secrets could not be read, or not be saved.
    #[error(transparent)]
    State(#[from] StateError),
    /// The state is another service's.
    #[error("the state here is of service `{found}`, not of `{asked}`; give each service its own folder")]
    OtherService {
        /// Whose it is.
        found: ServiceName,
        /// Whose it should be.
        asked: ServiceName,
    },
}

impl Agent {
    /// Takes over what is here: the saved state, and through it processes and proxy that still run.
    pub fn open(mut parts: Parts, now: Timestamp) -> Result<Self, OpenError> {
        let state = parts.state.load()?.unwrap_or_else(|| HostState::new(parts.service.clone()));
        if state.service != parts.service {
            return Err(OpenError::OtherService { found: state.service, asked: parts.service });
        }
        let secrets = parts.state.load_secrets()?;
        let mut agent = Self {
            parts,
            state,
            secrets,
            now,
            watches: BTreeMap::new(),
            pushed: None,
            next_look: now,
            report: Look::NotYet,
            unsaved: false,
            troubles: BTreeMap::new(),
            author: None,
            trail_end: None,
        };
        agent.change(|state| bound_deadlines(state, now))?;
        agent.repair_current();
        Ok(agent)
    }

    /// Answers one request. `content` is what followed the call; empty where nothing did.
    pub fn handle(&mut self, call: Call, content: &[u8], now: Timestamp) -> Reply {
        self.see(now);
        let id = call.id;
        let asked = self.asked(&call);
        let result = self.admit(&call, content).and_then(|()| self.dispatch(call.request, content));
        if let Some(asked) = asked {
            self.answered(asked, &result);
        }
        Reply { id, result }
    }

    /// Lets time pass: health checks, restarts, drains, the switch and the proxy's table go on. Called about every
    /// 50 ms and after every request.
    pub fn tick(&mut self, now: Timestamp) {
        self.see(now);
        if self.unsaved {
            // Nothing changes; it is saved all the same.
            self.insist(|_| {});
        }
        self.tick_switch();
        for id in self.state.instances.keys().cloned().collect::<Vec<_>>() {
            self.tick_instance(&id);
        }
        self.tick_once();
        self.tick_return();
        self.tick_traffic();
    }

    /// Whether there is anything that must be watched: an instance, the proxy, an armed switch.
    pub fn has_work(&self) -> bool {
        self.state.has_work()
    }

    /// The port of the running instance that a [`Request::Fetch`] is about: the only place that it reaches.
    pub fn port_for(&mut self, call: &Call, instance: &InstanceId) -> Result<u16, Refusal> {
        self.admit(call, &[])?;
        let running = self.state.instances.get(instance).filter(|record| record.state.is_live());
        running
            .map(|record| record.port)
            .ok_or_else(|| Refusal::new(RefusalReason::NotFound, format!("no instance {instance} runs here")))
    }

    /// The saved state, for tests and simulations that check invariants.
    pub fn state(&self) -> &HostState {
        &self.state
    }

    fn dispatch(&mut self, request: Request, content: &[u8]) -> Result<Response, Refusal> {
        match request {
            Request::Hello { protocol, newest, version, .. } => self.hello(protocol, newest, &version),
            Request::Prepare { settings } => self.prepare(settings),
            Request::Observe => Ok(Response::Observed { observation: Box::new(self.observe(self.now)) }),
            Request::Offer { release, manifest, signature } => self.offer(&release, &manifest, &signature),
            Request::Upload { release, packed, offset } => self.upload(&release, packed, offset, content),
            Request::Seal { release } => self.seal(&release),
            Request::Start { instance, secrets } => self.start(&instance, secrets),
            Request::Route { weights } => self.route(weights),
            Request::Retire { instances } => self.retire(&instances),
            Request::Arm { switch } => self.arm(switch),
            Request::Confirm => self.confirm(),
            Request::Disarm => self.disarm(),
            Request::Commit { release, rollout } => self.commit(&release, &rollout),
            Request::Logs { release, instance, lines, after } => self.logs(release, instance, lines, after),
            Request::Prune { keep, pinned } => self.prune(keep, &pinned),
            Request::Down => self.down(),
            Request::Once { order } => self.once(order),
            Request::EndOnce { key } => self.end_once(&key),
            Request::OnceState { key, after } => self.once_state(&key, after),
            Request::Trail => self.trail(),
            Request::Maintain { page } => self.maintain(page),
            Request::Fetch { .. } => Err(no_pages()),
            // Looking takes seconds where probes are declared; it must not hold supervision up.
            Request::Facts { .. } => Err(Refusal::new(
                RefusalReason::Precondition,
                "the facts of a host are gathered beside the agent, and nobody does that here",
            )),
        }
    }

    fn hello(&self, oldest: u32, newest: Option<u32>, caller: &str) -> Result<Response, Refusal> {
        let About { version, pid } = self.parts.about.clone();
        let theirs = oldest..=newest.unwrap_or(oldest);
        match version::agreed(version::OLDEST_PROTOCOL..=version::PROTOCOL, theirs.clone()) {
            Some(protocol) => Ok(Response::Welcome { version, pid, protocol }),
            None => Err(other_protocol(caller, theirs, &format!("plimsoll {version}, process {pid}"))),
        }
    }

    fn see(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.report = Look::NotYet;
    }

    /// The one place where the state changes: saved first, then in force. Nothing is saved where nothing changed.
    pub(super) fn change(&mut self, edit: impl FnOnce(&mut HostState)) -> Result<(), StateError> {
        let mut next = self.state.clone();
        edit(&mut next);
        if next == self.state && !self.unsaved {
            return Ok(());
        }
        self.parts.state.save(&next)?;
        self.state = next;
        self.unsaved = false;
        self.troubles.remove("state");
        Ok(())
    }

    /// Changes the state even where it cannot be saved, and tries to save it again with every tick. Only for what
    /// a full disk must not prevent, and what the next agent finds out again by itself: going back (the switch is
    /// still armed there, and overdue), taking away readiness, the version of a table.
    pub(super) fn insist(&mut self, edit: impl Fn(&mut HostState)) {
        if let Err(error) = self.change(&edit) {
            self.troubles.insert("state", error.to_string());
            edit(&mut self.state);
            self.unsaved = true;
        }
    }

    /// Changes one instance's record while time passes. Where that cannot be saved, nothing has happened and the
    /// next tick tries again; `false` then.
    pub(super) fn edit(&mut self, id: &InstanceId, edit: impl FnOnce(&mut InstanceRecord)) -> bool {
        let saved = self.change(|state| {
            if let Some(record) = state.instances.get_mut(id) {
                edit(record);
            }
        });
        saved.map_err(|error| self.troubles.insert("state", error.to_string())).is_ok()
    }
}

/// The refusal of a caller whose protocols are all newer or all older than ours.
pub(crate) fn other_protocol(caller: &str, theirs: RangeInclusive<u32>, us: &str) -> Refusal {
    let (oldest, newest) = (version::OLDEST_PROTOCOL, version::PROTOCOL);
    let message = format!(
        "plimsoll {caller} speaks protocol {}, and the agent here ({us}) speaks {}",
        range(&theirs),
        range(&(oldest..=newest))
    );
    let help = if *theirs.start() > newest {
        "end the older agent (`kill` and its process): instances and proxy go on, and the newer one takes over"
    } else {
        "use the plimsoll that the agent came with, or a newer one"
    };
    Refusal::new(RefusalReason::Version, message).with_help(help)
}

fn range(versions: &RangeInclusive<u32>) -> String {
    match (versions.start(), versions.end()) {
        (one, other) if one == other => one.to_string(),
        (oldest, newest) => format!("{oldest} to {newest}"),
    }
}

/// Pages are fetched by the server around the core, without its lock; see `server/connection.rs`.
fn no_pages() -> Refusal {
    Refusal::new(RefusalReason::Invalid, "this agent fetches no pages")
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        let reason = match &error {
            StateError::Io { full: true, .. } => RefusalReason::Exhausted,
            _ => RefusalReason::Failed,
        };
        Self::new(reason, error.to_string())
    }
}

/// No saved deadline may be further away than it was when it was set: the clock may have been set back since.
fn bound_deadlines(state: &mut HostState, now: Timestamp) {
    if let SwitchState::Armed { orders, deadline } = &mut state.switch {
        *deadline = (*deadline).min(now + orders.after.duration());
    }
    state.bound_onces(now);
    for record in state.instances.values_mut() {
        record.asked_at = record.asked_at.min(now);
        record.start_at = record.start_at.min(now + record.run_spec.restart.delay.duration());
        record.exits.iter_mut().for_each(|at| *at = (*at).min(now));
        match &mut record.ending {
            Some(Ending::Draining { until }) => {
                *until = (*until).min(now + record.run_spec.drain_timeout.duration());
            }
            Some(Ending::Stopping { kill_at }) => {
                *kill_at = (*kill_at).min(now + record.run_spec.stop_timeout.duration());
            }
            None => {}
        }
    }
}
