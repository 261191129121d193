//! The proxy in memory.

use std::net::SocketAddr;

use plimsoll_model::Span;
use plimsoll_model::traffic::{RouteTable, Stickiness, TrafficReport};

use super::behaviour::Fault;
use super::host::{Host, World};
use crate::traffic::{Traffic, TrafficError};

pub(super) struct MemoryTraffic(pub(super) Host);

/// A running proxy.
pub(super) struct Proxy {
    pub(super) listen: SocketAddr,
    pub(super) report: TrafficReport,
}

fn died() -> TrafficError {
    TrafficError::Unreachable { why: "the agent died".to_owned() }
}

impl Traffic for MemoryTraffic {
    fn ensure_running(&mut self, listen: SocketAddr) -> Result<(), TrafficError> {
        self.0.effect(|world| world.ensure_proxy(listen)).unwrap_or_else(|| Err(died()))
    }

    fn set(&mut self, table: &RouteTable) -> Result<(), TrafficError> {
        self.0.effect(|world| world.set_table(table)).unwrap_or_else(|| Err(died()))
    }

    fn report(&mut self) -> Option<TrafficReport> {
        let mut world = self.0.world();
        if world.fails(Fault::Report) {
            return None;
        }
        world.proxy.as_ref().map(|proxy| proxy.report.clone())
    }

    fn stop(&mut self, _grace: Span) -> Result<(), TrafficError> {
        self.0.effect(|world| world.proxy = None).ok_or_else(died)
    }
}

impl World {
    fn ensure_proxy(&mut self, listen: SocketAddr) -> Result<(), TrafficError> {
        if self.proxy.as_ref().is_some_and(|proxy| proxy.listen == listen) {
            return Ok(());
        }
        if self.fails(Fault::StartProxy) {
            return Err(TrafficError::Start { why: "the host was told to fail".to_owned() });
        }
        if self.taken_addresses.contains(&listen) {
            return Err(TrafficError::Listen { listen, why: "address already in use".to_owned() });
        }
        let table = RouteTable {
            version: 0,
            arms: Vec::new(),
            stickiness: Stickiness::None,
            latency_bounds: Vec::new(),
            maintenance: None,
        };
        self.next_pid += 1;
        let epoch = u64::from(self.next_pid);
        let report = TrafficReport { epoch, table, arms: Vec::new(), in_flight: Vec::new(), unrouted: 0 };
        self.proxy = Some(Proxy { listen, report });
        Ok(())
    }

    fn set_table(&mut self, table: &RouteTable) -> Result<(), TrafficError> {
        if self.fails(Fault::SetTable) {
            return Err(TrafficError::Unreachable { why: "the host was told to fail".to_owned() });
        }
        let Some(proxy) = &mut self.proxy else {
            return Err(TrafficError::Unreachable { why: "no proxy runs".to_owned() });
        };
        if table.version <= proxy.report.table.version {
            let why = format!("it has version {}", proxy.report.table.version);
            return Err(TrafficError::Refused { version: table.version, why });
        }
        proxy.report.table = table.clone();
        Ok(())
    }
}
