//! The program that a service starts is not there, or is written so that systemd refuses it. The page beside this file says why.

use plimsoll_model::Severity;
use std::collections::BTreeSet;

use super::roots;
use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::exposure::SYSTEMD;
use crate::systemd::keys;
use crate::systemd::unit::Kind;
use crate::systemd::value::has_specifier;

pub(super) const RULE: Rule = Rule {
    id: "SYSD004",
    name: "no-program-to-start",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("sysd004.md"),
    check: Check::Unit(look),
};

/// Settings that hold commands.
const COMMANDS: [&str; 7] =
    ["ExecStart", "ExecStartPre", "ExecStartPost", "ExecCondition", "ExecReload", "ExecStop", "ExecStopPost"];

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    nothing_to_start(subject, sheet);
    without_purpose(subject, sheet);
    for assignment in placed
        .file
        .assignments
        .iter()
        .filter(|a| COMMANDS.contains(&a.key.as_str()) && a.section == "Service")
    {
        let Some(key) = keys::find("Service", &assignment.key) else { continue };
        if let Err(what) = key.value.check(&assignment.value, SYSTEMD) {
            let message = format!("{what}: systemd refuses the whole unit");
            sheet.add(
                assignment.place,
                message,
                "write the absolute path of the program, then its arguments",
            );
        }
    }
    let mine: BTreeSet<_> = placed.file.assignments.iter().map(|assignment| assignment.place).collect();
    for command in placed.commands(&COMMANDS).iter().filter(|command| mine.contains(&command.place)) {
        let is_known = command.program.starts_with('/')
            && !has_specifier(&command.program)
            && !command.prefix.contains('-');
        if is_known && is_there(&command.program, subject) == Some(false) {
            let message = format!("{} is not in the root that this unit lies in", command.program);
            sheet
                .add(command.place, message, "put the program there, or name the one that is")
                .note("would be", "code=exited, status=203/EXEC");
        }
    }
}

/// What a unit of another kind is there for: one of these settings.
const PURPOSES: [(Kind, &[&str]); 3] = [
    (
        Kind::Timer,
        &[
            "OnCalendar",
            "OnActiveSec",
            "OnBootSec",
            "OnStartupSec",
            "OnUnitActiveSec",
            "OnUnitInactiveSec",
            "OnClockChange",
            "OnTimezoneChange",
        ],
    ),
    (Kind::Path, &["PathExists", "PathExistsGlob", "PathChanged", "PathModified", "DirectoryNotEmpty"]),
    (
        Kind::Socket,
        &[
            "ListenStream",
            "ListenDatagram",
            "ListenSequentialPacket",
            "ListenFIFO",
            "ListenNetlink",
            "ListenSpecial",
            "ListenMessageQueue",
            "ListenUSBFunction",
        ],
    ),
];

fn without_purpose(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let (placed, kind) = (subject.file, subject.file.unit.name.kind);
    let Some((_, keys)) = PURPOSES.iter().find(|(known, _)| *known == kind && !placed.is_drop_in) else {
        return;
    };
    let section = kind.own_section();
    let is_set = |key: &&str| {
        let is_right = |value: &str| {
            keys::find(section, key).is_some_and(|known| known.value.check(value, SYSTEMD).is_ok())
        };
        placed.unit.list(section, key).iter().any(|assignment| is_right(&assignment.value))
    };
    if !placed.file.is_refused() && !keys.iter().any(is_set) {
        let message = format!("there is none of {}=: systemd refuses the unit", keys.join("=, "));
        sheet.add(placed.place(&[], section), message, format!("say in [{section}] what the unit is for"));
    }
}

fn nothing_to_start(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let placed = subject.file;
    if !placed.is_service() {
        return;
    }
    let starts = placed.unit.list("Service", "ExecStart");
    let place = placed.place(&["ExecStart"], "Service");
    let is_oneshot = placed.service("Type") == Some("oneshot");
    let ends = ["ExecStop", "SuccessAction"].iter().any(|key| !placed.unit.list("Service", key).is_empty());
    let acts = placed.value("Unit", "SuccessAction").is_some_and(|action| action != "none");
    let message = if starts.is_empty() && !ends && !acts {
        "there is no ExecStart=: systemd refuses the unit"
    } else if starts.is_empty() && !is_oneshot && !placed.is_on("RemainAfterExit") {
        "there is no ExecStart=, and the service is not of Type=oneshot: systemd refuses the unit"
    } else if starts.len() > 1 && !is_oneshot {
        "there are several ExecStart=, which only Type=oneshot may have: systemd refuses the unit"
    } else {
        return;
    };
    sheet.add(
        place,
        message,
        "write one `ExecStart=` with the absolute path of the program; an empty one takes earlier ones away",
    );
}

/// Whether a program is in the root file system that the unit lies in: the folder above `etc/systemd/system`. Nothing where the
/// unit lies elsewhere, or above what was named.
fn is_there(program: &str, subject: &UnitSubject<'_>) -> Option<bool> {
    let root = roots::of(subject)?;
    let (folder, name) = program.rsplit_once('/')?;
    let mut around = root;
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        // A link, as /bin, may lead anywhere below the root.
        if around.is_link(part) {
            return None;
        }
        if around.has(part) == Some(false) {
            return Some(false);
        }
        around = around.at(part)?;
    }
    around.has(name)
}
