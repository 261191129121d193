//! A short outage becomes one for ever: the limit of starts is reached within seconds. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::value::span;

pub(super) const RULE: Rule = Rule {
    id: "SYSD006",
    name: "start-limit-ends-service",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("sysd006.md"),
    check: Check::Unit(look),
};

/// What systemd does where nothing is said, in microseconds.
const PAUSE: u64 = 100_000;
const INTERVAL: u64 = 10_000_000;
const BURST: u64 = 5;

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    let restarts = placed.service("Restart").is_some_and(|restart| restart != "no");
    if !placed.is_long_running() || !restarts {
        return;
    }
    let limit = |key| placed.value("Unit", key).or_else(|| placed.service(key));
    let time = |text: Option<&str>, otherwise| text.and_then(span).unwrap_or(otherwise);
    let interval = time(limit("StartLimitIntervalSec").or_else(|| limit("StartLimitInterval")), INTERVAL);
    let burst = limit("StartLimitBurst").and_then(|text| text.parse().ok()).unwrap_or(BURST);
    let pause = time(placed.service("RestartSec"), PAUSE);
    if interval == 0 || burst == 0 || pause.saturating_mul(burst) >= interval {
        return;
    }
    let place =
        placed.place(&["RestartSec", "StartLimitBurst", "StartLimitIntervalSec", "Restart"], "Service");
    let seconds = |micros: u64| format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000);
    let message = format!(
        "a service that cannot start for {} stays down: {burst} starts with pauses of {} are within {}",
        seconds(pause.saturating_mul(burst)),
        seconds(pause),
        seconds(interval)
    );
    sheet.add(place, message, "set `RestartSec=5s`, and `StartLimitIntervalSec=0` in [Unit]");
}
