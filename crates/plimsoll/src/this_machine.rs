//! This machine as a host that is only looked at: no agent is started and no folder is made.

use std::net::IpAddr;
use std::time::Duration;

use plimsoll_agent::facts::{Place, Reach, gather};
use plimsoll_drivers::http::{Client, Limits};
use plimsoll_drivers::resolve::Resolver;
use plimsoll_drivers::{Host, HostError};
use plimsoll_model::agent::{Refusal, RefusalReason, Request, Response};
use plimsoll_model::{Fence, HostName, ServiceName};

/// This machine.
pub(crate) struct ThisMachine {
    name: HostName,
    place: Place,
}

impl ThisMachine {
    pub(crate) fn new(place: Place) -> Self {
        Self { name: HostName::local(), place }
    }
}

impl Host for ThisMachine {
    fn name(&self) -> &HostName {
        &self.name
    }

    fn call(
        &mut self,
        _service: &ServiceName,
        _fence: Option<Fence>,
        request: Request,
        _content: &[u8],
    ) -> Result<Response, HostError> {
        match request {
            Request::Facts { order } => Ok(Response::Facts { facts: Box::new(gather(&self.place, &order)) }),
            // There is no connection to open.
            Request::Observe => Ok(Response::Done),
            other => {
                let message = format!("`{}` is the agent's to answer, and none was started", other.name());
                Err(HostError::Refused(Refusal::new(RefusalReason::Precondition, message)))
            }
        }
    }
}

/// Names by our own resolver, and HTTP by the drivers' client: the agent's crate has neither.
pub(crate) fn reach() -> Reach {
    Reach { lookup, status }
}

fn lookup(host: &str, timeout: Duration) -> Result<Vec<IpAddr>, String> {
    Resolver::system().lookup(host, timeout).map_err(|error| error.to_string())
}

fn status(url: &str, timeout: Duration) -> Result<u16, String> {
    let client = Client::new(url, Limits { timeout, body: 0, redirects: 0 });
    client.status(url).map_err(|error| error.to_string())
}
