//! `[run.health]`

use plimsoll_model::release::Health;

use crate::settings::settings;
use crate::sink::Sink;
use crate::values::number::Whole;
use crate::values::text::UrlPath;
use crate::values::time::{AnyTime, SomeTime, Time};

settings! {
    /// How an instance shows that it is healthy: a probe over HTTP. The process that answers must be the released
    /// one, which is proved and needs no setting.
    HealthLayer;
    /// Path of the probe; any answer from 200 to 299 is healthy.
    "path" => path: UrlPath = "\"/healthz\"";
    /// Time between two probes.
    "interval" => interval: Time<100> = "\"1s\"";
    /// Time that one probe may take.
    "timeout" => timeout: SomeTime = "\"5s\"";
    /// Time that an instance must stay up, healthy and unrestarted before it takes traffic.
    "min-healthy-time" => min_healthy_time: AnyTime = "\"3s\"";
    /// Time from its start within which it must get there.
    "healthy-deadline" => healthy_deadline: SomeTime = "\"30s\"";
    /// Failed probes in a row after which a serving instance gets no more requests.
    "unhealthy-after" => unhealthy_after: Whole<1, 1000> = "3";
}

impl HealthLayer {
    pub(crate) fn resolve(&self, sink: &mut Sink<'_>) -> Health {
        let health = Health {
            path: self.path().0,
            interval: self.interval().0,
            timeout: self.timeout().0,
            min_healthy_time: self.min_healthy_time().0,
            healthy_deadline: self.healthy_deadline().0,
            unhealthy_after: self.unhealthy_after().0,
        };
        let given = self.healthy_deadline.given().map(|at| at.span.clone());
        let given = given.or_else(|| self.min_healthy_time.given().map(|at| at.span.clone()));
        if let Some(span) = given.filter(|_| health.healthy_deadline <= health.min_healthy_time) {
            let (deadline, time) = (health.healthy_deadline, health.min_healthy_time);
            sink.error(span, "`healthy-deadline` must be longer than `min-healthy-time`")
                .label(format!("{deadline} to show {time} of health"))
                .help("no instance could ever be healthy in time");
        }
        health
    }
}
