//! A port below 1024 that the service may not bind to. The page beside this file says why.

use plimsoll_model::Severity;
use std::collections::BTreeSet;

use plimsoll_model::finding::Place;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::exposure::capabilities::Capabilities;
use crate::systemd::exposure::effective::Effective;
use crate::systemd::words::{Backslash, split};

pub(super) const RULE: Rule = Rule {
    id: "SYSD011",
    name: "low-port-without-right",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("sysd011.md"),
    check: Check::Unit(look),
};

/// Options and variables behind which a port stands.
const NAMES: [&str; 8] = ["port", "listen", "bind", "addr", "address", "http", "https", "p"];

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    let effective = Effective::of(&placed.unit);
    let right = Capabilities::of(&["NET_BIND_SERVICE"]);
    let has_right = effective.is_root() || effective.ambient_capabilities.has_any(right);
    let socket = format!("{}.socket", placed.unit.name.prefix);
    let has_socket =
        placed.unit.last("Service", "Sockets").is_some() || subject.around.has(&socket) == Some(true);
    if !placed.is_long_running() || has_right || has_socket {
        return;
    }
    // What a drop-in says is shown where the drop-in is judged.
    let mine: BTreeSet<_> = placed.file.assignments.iter().map(|assignment| assignment.place).collect();
    for command in placed.commands(&["ExecStart"]) {
        if let Some(port) = low_port(&command.arguments).filter(|_| mine.contains(&command.place)) {
            tell(sheet, command.place, port);
        }
    }
    for assignment in placed.unit.list("Service", "Environment") {
        let words = split(&assignment.value, Backslash::Relaxed).unwrap_or_default();
        if let Some(port) = words
            .iter()
            .find_map(|word| word.split_once('=').and_then(|(name, value)| of_option(name, value)))
            && mine.contains(&assignment.place)
        {
            tell(sheet, assignment.place, port);
        }
    }
}

fn tell(sheet: &mut Sheet<'_>, place: Place, port: u16) {
    let message = format!("port {port} needs a right that the service has not");
    sheet
        .add(
            place,
            message,
            "add `AmbientCapabilities=CAP_NET_BIND_SERVICE`, or a `.socket` unit that listens",
        )
        .note("would be", "bind: permission denied");
}

fn low_port(arguments: &[String]) -> Option<u16> {
    let pairs = arguments.iter().zip(arguments.iter().skip(1).map(Some).chain([None]));
    pairs.filter(|(argument, _)| argument.starts_with('-')).find_map(|(argument, next)| {
        let (name, value) = argument
            .split_once('=')
            .map_or((argument.as_str(), next.map(String::as_str)), |(name, value)| (name, Some(value)));
        of_option(name, value?)
    })
}

fn of_option(name: &str, value: &str) -> Option<u16> {
    let lower = name.trim_start_matches('-').to_ascii_lowercase();
    let is_port = lower.split(['-', '_', '.']).any(|word| NAMES.contains(&word));
    let digits = value.rsplit(':').next().unwrap_or(value);
    let port: u16 = digits.parse().ok()?;
    // A number without an address is a port only where the name says so.
    let is_plain =
        value.contains(':') || lower.split(['-', '_', '.']).any(|word| word == "port" || word == "p");
    (is_port && is_plain && (1..1024).contains(&port)).then_some(port)
}
