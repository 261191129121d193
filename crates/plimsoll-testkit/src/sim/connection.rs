//! The way from a coordinator to a host.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use plimsoll_drivers::{Host, HostError, Reach};
use plimsoll_model::agent::{Call, Request, Response};
use plimsoll_model::{Fence, HostName, ServiceName};

use super::process::Process;

/// A coordinator's connection to one host.
pub(super) struct Connection {
    name: HostName,
    at: usize,
    process: Arc<Process>,
    calls: AtomicU64,
}

impl Connection {
    pub(super) fn new(process: &Arc<Process>, at: usize) -> Self {
        let name = process.universe.lock().hosts[at].name.clone();
        Self { name, at, process: Arc::clone(process), calls: AtomicU64::new(0) }
    }

    fn unreachable(&self, why: &str) -> HostError {
        HostError::Unreachable { host: self.name.clone(), why: why.to_owned() }
    }

    fn deliver(&self, call: Call, content: &[u8]) -> Result<Response, HostError> {
        let universe = &self.process.universe;
        let mut inner = universe.lock();
        let now = inner.now;
        let changes = call.request.is_fenced();
        let host = &mut inner.hosts[self.at];
        if now < host.cut_until {
            return Err(self.unreachable("the network is cut"));
        }
        let lost = if changes { host.losses.pop_front().flatten() } else { None };
        if lost == Some(false) {
            return Err(self.unreachable("the connection broke before the request was sent"));
        }
        let Some(agent) = &mut host.agent else { return Err(self.unreachable("no agent answers")) };
        let before = changes.then(|| (agent.state().fence, host.memory.saved_state(), host.memory.table()));
        let agent = host.agent.as_mut().expect("it was here");
        let reply = agent.handle(call.clone(), content, now);
        host.bury(now);
        if let Some((seen, state, table)) = before {
            let same = state == host.memory.saved_state() && table == host.memory.table();
            inner.watch.on_call(&self.name, &call, self.process.own_fence(), seen, same, now);
        }
        inner.look_at(self.at);
        let host = &inner.hosts[self.at];
        if host.agent.is_none() || lost == Some(true) {
            return Err(self.unreachable("the connection broke before the answer came"));
        }
        reply.result.map_err(HostError::Refused)
    }
}

impl Host for Connection {
    fn name(&self) -> &HostName {
        &self.name
    }

    fn reach(&self) -> Reach {
        // What is simulated is how an upload breaks off, not how few bytes it has.
        Reach::Local
    }

    fn call(
        &mut self,
        service: &ServiceName,
        fence: Option<Fence>,
        request: Request,
        content: &[u8],
    ) -> Result<Response, HostError> {
        if fence.is_some() {
            self.process.before_call();
        }
        if self.process.is_dead() {
            return Err(self.unreachable("the coordinator is dead"));
        }
        let breakage = self.process.universe.settings.breakage;
        let newest = self.process.universe.lock().watch.newest_fence();
        let (request, fence) = match breakage.call(request, fence, newest) {
            Ok(sent) => sent,
            Err(pretended) => return Ok(pretended),
        };
        let id = self.calls.fetch_add(1, Relaxed) + 1;
        let length = u32::try_from(content.len()).expect("pieces are small");
        let call = Call { id, service: service.clone(), fence, request, content: length };
        self.deliver(call, content)
    }
}
