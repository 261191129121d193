//! What the service is on this host, and its end: `Prepare` and `Down`.

use plimsoll_model::agent::{HostSettings, Refusal, RefusalReason, Response};
use plimsoll_model::observation::{InstanceState, SwitchState};
use plimsoll_model::traffic::{LARGEST_PAGE, Maintenance};

use super::Agent;
use crate::state::Ending;
use crate::traffic::TrafficError;

impl Agent {
    /// Takes the settings and makes sure that the proxy listens, so that a taken address is known before anything
    /// is started. Twice is as once: the proxy that runs is left alone.
    pub(super) fn prepare(&mut self, settings: HostSettings) -> Result<Response, Refusal> {
        self.check_settings(&settings)?;
        let before = (self.state.settings.clone(), self.state.proxy_wanted);
        let listen = settings.listen;
        self.change(|state| {
            state.settings = Some(settings);
            state.proxy_wanted = true;
        })?;
        if let Err(error) = self.parts.traffic.ensure_running(listen) {
            self.change(|state| (state.settings, state.proxy_wanted) = before)?;
            return Err(error.into());
        }
        self.next_look = self.now;
        Ok(Response::Done)
    }

    fn check_settings(&self, settings: &HostSettings) -> Result<(), Refusal> {
        let live = self.state.instances.values().any(|record| record.state.is_live());
        match &self.state.settings {
            Some(old) if old.environment != settings.environment && live => Err(Refusal::new(
                RefusalReason::Conflict,
                format!(
                    "service `{}` runs here for environment `{}`, not `{}`",
                    self.state.service, old.environment, settings.environment
                ),
            )
            .with_help("give each environment on one host its own root folder")),
            _ => Ok(()),
        }
    }

    pub(super) fn settings(&self) -> Result<&HostSettings, Refusal> {
        self.state.settings.as_ref().ok_or_else(|| {
            Refusal::new(
                RefusalReason::Precondition,
                format!("this host was not told yet what service `{}` is here", self.state.service),
            )
            .with_help("send `prepare` first")
        })
    }

    /// Stops everything of the service and keeps releases and history. The stopping goes on by itself.
    pub(super) fn down(&mut self) -> Result<Response, Refusal> {
        let now = self.now;
        let mut grace = plimsoll_model::Span::ZERO;
        self.change(|state| {
            state.weights.clear();
            state.proxy_wanted = false;
            state.switch = SwitchState::Off;
            state.returning = false;
            for record in state.instances.values_mut().filter(|record| record.state.is_live()) {
                grace = grace.max(record.run_spec.drain_timeout);
                if record.ending.is_none() {
                    record.ending =
                        Some(Ending::Draining { until: now + record.run_spec.drain_timeout.duration() });
                    record.enter(InstanceState::Draining, now, "the service is being stopped");
                }
            }
        })?;
        self.pushed = None;
        self.stop_onces()?;
        self.parts.traffic.stop(grace)?;
        Ok(Response::Done)
    }
}

impl Agent {
    /// Has the proxy answer with a page, or pass requests on again. It is part of the table, so it outlives proxy and
    /// agent, and deployments.
    pub(super) fn maintain(&mut self, page: Option<Maintenance>) -> Result<Response, Refusal> {
        self.settings()?;
        if page.as_ref().is_some_and(|page| page.page.len() > LARGEST_PAGE) {
            let why = format!("a maintenance page has at most {} kB", LARGEST_PAGE / 1024);
            return Err(Refusal::new(RefusalReason::Invalid, why));
        }
        self.change(|state| state.maintenance = page)?;
        self.put_in_force()?;
        Ok(Response::Done)
    }
}

impl From<TrafficError> for Refusal {
    fn from(error: TrafficError) -> Self {
        let help = match &error {
            TrafficError::Listen { listen, .. } => Some(format!(
                "end what listens there (`ss -ltnp 'sport = :{}'` shows it), or choose another `port`",
                listen.port()
            )),
            _ => None,
        };
        Self { reason: error.reason(), message: error.to_string(), help }
    }
}
