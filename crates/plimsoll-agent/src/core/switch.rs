//! The dead man's switch: what this host does by itself when the coordinator is silent for too long.
//!
//! Going off is saved before anything is done (unless the disk is full: see `Agent::insist`), and the way back is taken up by the next agent where this one dies.
//! Until a coordinator takes the switch off again, nothing may move the traffic: one that slept through it must
//! not go on as if nothing had happened.

use plimsoll_model::InstanceId;
use plimsoll_model::agent::{Refusal, RefusalReason, Response, SwitchOrders};
use plimsoll_model::observation::{InstanceState, SwitchState};

use super::Agent;
use super::retire::begin_retiring;
use super::routing::check_shape;
use crate::state::InstanceRecord;

/// Pause before an instance that was given up is started again because the switch needs it.
const REST: std::time::Duration = std::time::Duration::from_secs(5);

impl Agent {
    pub(super) fn arm(&mut self, orders: SwitchOrders) -> Result<Response, Refusal> {
        self.refuse_after_firing("arm")?;
        check_shape(&orders.back_to)?;
        let kept = || orders.back_to.iter().flat_map(|arm| &arm.instances);
        if let Some(both) = kept().find(|id| orders.retire.contains(id)) {
            return Err(Refusal::new(
                RefusalReason::Invalid,
                format!("the switch would return the traffic to instance {both} and retire it"),
            ));
        }
        if let Some(unknown) = kept().find(|id| !self.state.instances.contains_key(id)) {
            return Err(Refusal::new(
                RefusalReason::NotFound,
                format!("there is no instance {unknown} here"),
            ));
        }
        let deadline = self.now + orders.after.duration();
        self.change(|state| state.switch = SwitchState::Armed { orders, deadline })?;
        Ok(Response::Done)
    }

    pub(super) fn confirm(&mut self) -> Result<Response, Refusal> {
        self.refuse_after_firing("confirm")?;
        let SwitchState::Armed { orders, .. } = &self.state.switch else {
            return Err(Refusal::new(RefusalReason::Precondition, "the dead man's switch is not armed"));
        };
        let (orders, deadline) = (orders.clone(), self.now + orders.after.duration());
        self.change(|state| state.switch = SwitchState::Armed { orders, deadline })?;
        Ok(Response::Done)
    }

    pub(super) fn disarm(&mut self) -> Result<Response, Refusal> {
        self.change(|state| {
            state.switch = SwitchState::Off;
            state.returning = false;
        })?;
        Ok(Response::Done)
    }

    /// Whether the switch may have to start the instance again.
    pub(super) fn switch_needs(&self, id: &InstanceId) -> bool {
        self.switch_orders().is_some_and(|orders| orders.back_to.iter().any(|arm| arm.instances.contains(id)))
    }

    pub(super) fn switch_orders(&self) -> Option<&SwitchOrders> {
        match &self.state.switch {
            SwitchState::Armed { orders, .. } | SwitchState::Fired { orders, .. } => Some(orders),
            SwitchState::Off => None,
        }
    }

    /// Lets the switch go off when its time has come.
    pub(super) fn tick_switch(&mut self) {
        if let SwitchState::Armed { orders, deadline } = &self.state.switch
            && self.now >= *deadline
        {
            let (fired, now) = (SwitchState::Fired { orders: orders.clone(), at: self.now }, self.now);
            let orders = orders.clone();
            self.insist(|state| {
                state.switch = fired.clone();
                state.returning = true;
                // What shall serve must not be on its way out.
                for id in orders.back_to.iter().flat_map(|arm| &arm.instances) {
                    state.instances.entry(id.clone()).and_modify(|record| record.call_back(now));
                }
            });
            self.switch_went_off();
        }
    }

    /// Takes the next possible step back. Waits while nothing that should serve is ready. Comes after the instances
    /// were looked at: after a restart of the host, those that were ready are not.
    pub(super) fn tick_return(&mut self) {
        if !self.state.returning {
            return;
        }
        let Some(orders) = self.switch_orders().cloned() else { return };
        if self.check_capacity(&orders.back_to).is_err() {
            return self.revive(&orders);
        }
        let now = self.now;
        self.insist(|state| {
            state.weights.clone_from(&orders.back_to);
            state.returning = false;
            begin_retiring(state, &orders.retire, now);
        });
        self.sync_traffic();
    }

    /// Starts instances that should serve again and are gone.
    fn revive(&mut self, orders: &SwitchOrders) {
        for id in orders.back_to.iter().flat_map(|arm| &arm.instances) {
            let rested = |record: &InstanceRecord| {
                record.state != InstanceState::Failed || self.now.since(record.since) >= REST
            };
            let gone = |record: &InstanceRecord| {
                !record.state.is_live() && record.ending.is_none() && rested(record)
            };
            if !self.state.instances.get(id).is_some_and(gone) {
                continue;
            }
            let now = self.now;
            let port = match self.free_port(id) {
                Ok(port) => port,
                Err(error) => {
                    self.troubles.insert("runtime", error.to_string());
                    continue;
                }
            };
            self.troubles.remove("runtime");
            let saved = self.change(|state| {
                let run = state.take_run();
                let Some(record) = state.instances.get_mut(id) else { return };
                record.enter(InstanceState::Starting, now, "started again by the dead man's switch");
                (record.run, record.port, record.start_at, record.asked_at) = (run, port, now, now);
                (record.proof, record.was_ready, record.port_moves) = (None, false, 0);
            });
            if let Err(error) = saved {
                self.troubles.insert("state", error.to_string());
            }
        }
    }
}

impl InstanceRecord {
    /// Takes back a retirement that has not come to SIGTERM yet.
    fn call_back(&mut self, now: plimsoll_model::Timestamp) {
        if matches!(self.ending, Some(crate::state::Ending::Draining { .. })) {
            self.ending = None;
            let state = if self.proof.is_some() { InstanceState::Ready } else { InstanceState::Starting };
            self.asked_at = now;
            self.enter(state, now, "called back by the dead man's switch");
        }
    }
}
