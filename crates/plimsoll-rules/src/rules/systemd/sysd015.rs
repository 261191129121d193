//! A service of Type=notify whose program never says that it is ready. The page beside this file says why.

use plimsoll_model::Severity;

use super::roots;
use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::program::NOTIFIERS;

pub(super) const RULE: Rule = Rule {
    id: "SYSD015",
    name: "notify-without-notification",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("sysd015.md"),
    check: Check::Unit(look),
};

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    let kind = placed.service("Type").unwrap_or_default();
    if !placed.is_service() || !kind.starts_with("notify") {
        return;
    }
    for command in placed.commands(&["ExecStart"]) {
        let holds = roots::of(subject)
            .and_then(|root| root.holds(command.program.trim_start_matches('/'), &NOTIFIERS));
        if holds == Some(false)
            && command.arguments.iter().all(|argument| !argument.contains("systemd-notify"))
        {
            let place = placed.place(&["Type"], "Service");
            let message = format!(
                "Type={kind} waits for {} to say that it is ready, and nothing in that program speaks to systemd",
                command.program
            );
            sheet
                .add(place, message, "use `Type=exec`, or call sd_notify when the program is ready")
                .note("would be", "start operation timed out, after TimeoutStartSec= (90 s)");
        }
    }
}
