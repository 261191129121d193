//! Weights into a table, the table into the proxy, and back: what is in force is read from the proxy.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use plimsoll_model::agent::{ArmWeight, Refusal, RefusalReason, Response};
use plimsoll_model::observation::{InstanceState, SwitchState};
use plimsoll_model::traffic::{Arm, Backend, RouteTable, TrafficReport};
use plimsoll_model::{InstanceId, Share};

use super::Agent;
use super::agent::Look;
use crate::state::HostState;
use crate::traffic::TrafficError;

/// How often the proxy is looked at while nothing changes: it may have been restarted.
const LOOK: Duration = Duration::from_secs(1);
/// When a table that the proxy did not take is tried again.
const RETRY: Duration = Duration::from_millis(250);

impl Agent {
    /// Puts new weights into force, or changes nothing. The same weights again read back what is in force.
    pub(super) fn route(&mut self, weights: Vec<ArmWeight>) -> Result<Response, Refusal> {
        self.refuse_after_firing("route")?;
        self.settings()?;
        check_shape(&weights)?;
        // What is known may be a tick old; weight must not go to a process that has just died.
        weights.iter().flat_map(|arm| &arm.instances).for_each(|id| self.tick_instance(id));
        self.check_capacity(&weights)?;
        let before = self.state.weights.clone();
        self.change(|state| {
            state.weights = weights;
            state.proxy_wanted = true;
        })?;
        if let Err(error) = self.put_in_force() {
            // Refused means not done: the weights before are wanted again, and the next tick sees to them.
            self.change(|state| state.weights = before)?;
            self.pushed = None;
            return Err(error.into());
        }
        self.read_back()
    }

    fn read_back(&mut self) -> Result<Response, Refusal> {
        let wanted = table(&self.state);
        let report = self.report_now().ok_or_else(|| {
            Refusal::new(RefusalReason::Failed, "the proxy took the table and does not report it; ask again")
        })?;
        if !same(&report.table, &wanted) {
            return Err(Refusal::new(
                RefusalReason::Failed,
                format!("the proxy took a table and reports another one (version {})", report.table.version),
            ));
        }
        Ok(Response::Routed { version: report.table.version, weights: weights_of(&report.table) })
    }

    /// Every side with weight must have a ready instance here.
    pub(super) fn check_capacity(&self, weights: &[ArmWeight]) -> Result<(), Refusal> {
        for arm in weights {
            if let Some(unknown) = arm.instances.iter().find(|id| !self.state.instances.contains_key(id)) {
                return Err(Refusal::new(
                    RefusalReason::NotFound,
                    format!("there is no instance {unknown} here"),
                ));
            }
            if arm.weight.points() > 0 && !arm.instances.iter().any(|id| self.is_ready(id)) {
                let why = arm.instances.iter().find_map(|id| self.state.instances.get(id).map(|r| (id, r)));
                let why = why.map_or_else(
                    || "it has no instance".to_owned(),
                    |(id, record)| format!("{id}: {}", record.detail),
                );
                return Err(Refusal::new(
                    RefusalReason::Precondition,
                    format!(
                        "release {} shall take {} and has no ready instance ({why})",
                        arm.release, arm.weight
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Time passing for the proxy: it runs, and it has the table that is wanted.
    pub(super) fn tick_traffic(&mut self) {
        if !self.state.proxy_wanted {
            self.troubles.remove("traffic");
            return;
        }
        let wanted = table(&self.state);
        let known = self.pushed.as_ref().is_some_and(|pushed| same(pushed, &wanted));
        if (known || self.troubles.contains_key("traffic")) && self.now < self.next_look {
            return;
        }
        self.sync_traffic();
    }

    /// Brings the proxy to the wanted table; where that fails, the next ticks try again.
    pub(super) fn sync_traffic(&mut self) {
        if !self.state.proxy_wanted {
            return;
        }
        match self.put_in_force() {
            Ok(()) => {
                self.troubles.remove("traffic");
                self.next_look = self.now + LOOK;
            }
            Err(error) => {
                self.troubles.insert("traffic", error.to_string());
                self.next_look = self.now + RETRY;
            }
        }
    }

    pub(super) fn put_in_force(&mut self) -> Result<(), TrafficError> {
        let Some(settings) = &self.state.settings else { return Ok(()) };
        let listen = settings.listen;
        if self.report_now().is_none() {
            self.parts.traffic.ensure_running(listen)?;
            self.report = Look::NotYet;
        }
        let in_force = self.report_now().map(|report| report.table.clone());
        let wanted = table(&self.state);
        if let Some(in_force) = in_force.as_ref().filter(|in_force| same(in_force, &wanted)) {
            self.pushed = Some(in_force.clone());
            return Ok(());
        }
        let newest = in_force.map_or(0, |table| table.version).max(self.state.table_version);
        let wanted = RouteTable { version: newest + 1, ..wanted };
        // The proxy keeps its table's version too, so one that is not saved here does no harm.
        self.insist(|state| state.table_version = newest + 1);
        self.parts.traffic.set(&wanted)?;
        self.pushed = Some(wanted);
        self.report = Look::NotYet;
        Ok(())
    }

    /// The proxy's report, asked for at most once in a tick.
    pub(super) fn report_now(&mut self) -> Option<&TrafficReport> {
        if matches!(self.report, Look::NotYet) {
            self.report = Look::Taken(self.parts.traffic.report().map(Box::new));
        }
        match &self.report {
            Look::Taken(report) => report.as_deref(),
            Look::NotYet => None,
        }
    }

    /// Whether the proxy sends nothing more to the instance and has nothing open with it.
    pub(super) fn has_drained(&mut self, id: &InstanceId) -> bool {
        let wanted = self.state.proxy_wanted;
        match self.report_now() {
            Some(report) => {
                let open = report.in_flight.iter().any(|busy| busy.instance == *id && busy.requests > 0);
                let backends = report.table.arms.iter().flat_map(|arm| &arm.backends);
                let fed = wanted && backends.clone().any(|backend| backend.instance == *id && backend.ready);
                !open && !fed
            }
            // A proxy that shall run and does not answer may still be busy: the deadline decides.
            None => !wanted,
        }
    }

    pub(super) fn refuse_after_firing(&self, what: &str) -> Result<(), Refusal> {
        match &self.state.switch {
            SwitchState::Fired { at, .. } => Err(Refusal::new(
                RefusalReason::Precondition,
                format!("`{what}` is refused: the dead man's switch went off at {at} and this host went back by itself"),
            )
            .with_help("look at the host (`plimsoll status`), then take the switch off (`disarm`)")),
            _ => Ok(()),
        }
    }
}

/// Weights must make sense by themselves: 100 % or none, nothing twice, instances of their own release.
pub(super) fn check_shape(weights: &[ArmWeight]) -> Result<(), Refusal> {
    let invalid = |message: String| Err(Refusal::new(RefusalReason::Invalid, message));
    let total: u64 = weights.iter().map(|arm| u64::from(arm.weight.points())).sum();
    if !weights.is_empty() && total != u64::from(Share::ALL.points()) {
        return invalid(format!("the weights add up to {}.{:02} %, not to 100 %", total / 100, total % 100));
    }
    let (mut releases, mut instances) = (BTreeSet::new(), BTreeSet::new());
    for arm in weights {
        if !releases.insert(&arm.release) {
            return invalid(format!("release {} has two weights", arm.release));
        }
        for id in &arm.instances {
            if id.release != arm.release {
                return invalid(format!("instance {id} is not one of release {}", arm.release));
            }
            if !instances.insert(id) {
                return invalid(format!("instance {id} is named twice"));
            }
        }
    }
    Ok(())
}

/// The table that the state wants, with the version of the last one. Instances that are gone are not in it: their
/// ports may be given to others.
fn table(state: &HostState) -> RouteTable {
    let backends = |arm: &ArmWeight| {
        let live = arm.instances.iter().filter_map(|id| Some((id, state.instances.get(id)?)));
        live.filter(|(_, record)| record.state.is_live())
            .map(|(id, record)| Backend {
                instance: id.clone(),
                address: SocketAddr::from((Ipv4Addr::LOCALHOST, record.port)),
                ready: record.state == InstanceState::Ready,
            })
            .collect()
    };
    let arm =
        |arm: &ArmWeight| Arm { release: arm.release.clone(), weight: arm.weight, backends: backends(arm) };
    RouteTable {
        version: state.table_version,
        arms: state.weights.iter().map(arm).collect(),
        stickiness: state.settings.as_ref().map(|s| s.stickiness.clone()).unwrap_or_default(),
        latency_bounds: state.settings.as_ref().map(|s| s.latency_bounds.clone()).unwrap_or_default(),
        maintenance: state.maintenance.clone(),
    }
}

fn same(a: &RouteTable, b: &RouteTable) -> bool {
    a.arms == b.arms
        && a.stickiness == b.stickiness
        && a.latency_bounds == b.latency_bounds
        && a.maintenance == b.maintenance
}

fn weights_of(table: &RouteTable) -> Vec<ArmWeight> {
    let instances = |arm: &Arm| arm.backends.iter().map(|backend| backend.instance.clone()).collect();
    table
        .arms
        .iter()
        .map(|arm| ArmWeight { release: arm.release.clone(), weight: arm.weight, instances: instances(arm) })
        .collect()
}
