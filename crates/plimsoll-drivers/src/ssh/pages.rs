//! Pages of instances on hosts: fetched by the host's agent, on a session of its own beside the engine's.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use plimsoll_model::agent::{MAX_PAGE, Request, Response};
use plimsoll_model::metrics::Unusable;
use plimsoll_model::{HostName, ServiceName};

use super::{Links, Purpose, RemoteHost};
use crate::host::{Host as _, HostError, unexpected};
use crate::http::Page;
use crate::metrics::{Pages, Target, Unread};

/// Pages through the agents of an environment's hosts.
#[derive(Debug)]
pub struct RemotePages {
    service: ServiceName,
    hosts: BTreeMap<HostName, Mutex<RemoteHost>>,
}

impl RemotePages {
    /// Pages of a service's instances. Nothing is connected before the first page.
    pub fn new(links: &Links, service: &ServiceName) -> Self {
        let hosts =
            links.hosts(Purpose::Look).into_iter().map(|host| (host.name().clone(), Mutex::new(host)));
        Self { service: service.clone(), hosts: hosts.collect() }
    }
}

impl Pages for RemotePages {
    fn page(&self, target: &Target, path: &str) -> Result<Page, Unread> {
        let stranger = || Unread::new(Unusable::Invalid, format!("{} is on no host of ours", target.name));
        let (name, instance) = target.place.as_ref().ok_or_else(stranger)?;
        let host = self.hosts.get(name).ok_or_else(stranger)?;
        let request = Request::Fetch { instance: instance.clone(), path: path.to_owned(), limit: MAX_PAGE };
        let answer =
            host.lock().unwrap_or_else(PoisonError::into_inner).call(&self.service, None, request, &[]);
        match answer {
            Ok(Response::Page { status, body }) => {
                Ok(Page { status, location: None, body: body.into_bytes() })
            }
            Ok(_) => Err(Unread::new(Unusable::Invalid, unexpected("fetch").to_string())),
            Err(HostError::Refused(refusal)) => {
                Err(Unread::new(Unusable::Unreachable, format!("{name}: {refusal}")))
            }
            Err(error) => Err(Unread::new(Unusable::Unreachable, error.to_string())),
        }
    }
}
